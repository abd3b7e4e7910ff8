import { anything, defineOptions, required, valueOf, wrongValue } from '@peerkit/identity/internal'
import { CredentialsOptionError } from '../errors.ts'
import { listOf, TRUST_PARTS } from '../material/material.ts'
import type {
  AuthorityMaterial, AuthorityOrigins, CheckOptions, CredentialMaterial, Origins, TrustMaterial
} from '../material/material.ts'
import { AUTHORITY_OPTIONS, checkAuthorityName, checkPolicy, readAuthorityOptions } from './authority-options.ts'
import type { ReadAuthorityOptions } from './authority-options.ts'

/** One authority of the options, with checked limits. */
export interface AuthorityInput {
  readonly name: string
  readonly options: ReadAuthorityOptions
  readonly material: TrustMaterial
  readonly origins: AuthorityOrigins
  /** Digests of its CRLs, if they are known already. Hashing a large CRL takes time. */
  readonly crlDigests: readonly string[] | undefined
  /** Whether `revocation` is set, but neither `crl` nor `checker`. */
  readonly isPolicyIdle: boolean
}

const AUTHORITY = defineOptions<AuthorityMaterial>('authorities', CredentialsOptionError, {
  ca: required(valueOf('CA certificates', () => true)),
  crl: anything,
  crlIssuers: anything,
  intermediates: anything,
  ...AUTHORITY_OPTIONS
})

/** The name of the authority that the option `ca` makes. */
export const DEFAULT_AUTHORITY = 'default'

interface ListOptions {
  readonly crlDigests?: ReadonlyMap<string, readonly string[]> | undefined
  /** Whether there may be none. */
  readonly mayBeEmpty?: boolean | undefined
}

/**
 * Lists the authorities of material: those of `authorities`, or the one of `ca`.
 *
 * @throws CredentialsOptionError
 */
export function listAuthorities (
  material: CredentialMaterial,
  { revocationPolicy }: CheckOptions,
  origins: Origins,
  { crlDigests, mayBeEmpty = false }: ListOptions = {}
): readonly AuthorityInput[] {
  const { authorities } = material
  if (revocationPolicy !== undefined) checkPolicy(revocationPolicy, 'revocationPolicy')
  if (authorities === undefined) {
    const options = readAuthorityOptions({ revocation: revocationPolicy }, 'options', true)
    return [{
      name: DEFAULT_AUTHORITY,
      options,
      isPolicyIdle: false,
      material: material as TrustMaterial,
      origins,
      crlDigests: crlDigests?.get(DEFAULT_AUTHORITY)
    }]
  }
  if (mayBeEmpty && Object.keys(authorities).length === 0) return []
  const names = checkAuthorities(material)
  return names.map((name) => {
    const given = authorities[name] as AuthorityMaterial
    const revocation = given.revocation === undefined ? revocationPolicy : given.revocation
    const options = readAuthorityOptions({ ...given, revocation }, `authorities.${name}`, names.length === 1)
    const isPolicyIdle = given.revocation !== undefined && listOf(given.crl).length === 0 && given.checker === undefined
    return {
      name,
      options,
      isPolicyIdle,
      material: given,
      origins: originsOf(origins, name),
      crlDigests: crlDigests?.get(name)
    }
  })
}

/** Checks the option `authorities`, and returns the names. @throws CredentialsOptionError */
export function checkAuthorities (options: { readonly authorities?: unknown }): readonly string[] {
  const { authorities } = options
  if (typeof authorities !== 'object' || authorities === null || Array.isArray(authorities)) {
    throw wrongValue(CredentialsOptionError, 'authorities', authorities, 'an object of authorities by name')
  }
  const other = TRUST_PARTS.find((part) => (options as Record<string, unknown>)[part] !== undefined)
  if (other !== undefined) {
    const expected = `${other} inside one of the authorities`
    throw new CredentialsOptionError(`${other} and authorities are both set; expected ${expected}`)
  }
  const names = Object.keys(authorities)
  if (names.length === 0) {
    throw new CredentialsOptionError('authorities is empty; expected at least one, such as { internal: { ca } }')
  }
  for (const name of names) {
    checkAuthorityName(name)
    AUTHORITY.check((authorities as Record<string, unknown>)[name], `authorities.${name}`)
  }
  return names
}

/** The names of one authority's options in errors. */
export function originsOf (origins: Origins, name: string): AuthorityOrigins {
  const known = origins.authorities?.[name]
  if (known !== undefined) return known
  const names = TRUST_PARTS.map((part) => [part, `authorities.${name}.${part}`])
  return Object.fromEntries(names) as unknown as AuthorityOrigins
}
