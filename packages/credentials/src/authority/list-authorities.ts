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
  /** False for the authority of the option `ca`. One of the option `authorities` may have the name of that one. */
  readonly isNamed: boolean
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

/**
 * Lists the authorities of material: those of `authorities`, or the one of `ca`.
 *
 * @throws CredentialsOptionError
 */
export function listAuthorities (
  material: CredentialMaterial,
  checkOptions: CheckOptions,
  origins: Origins,
  crlDigests?: ReadonlyMap<string, readonly string[]>
): readonly AuthorityInput[] {
  const { authorities } = material
  const { revocationPolicy } = checkOptions
  if (revocationPolicy !== undefined) checkPolicy(revocationPolicy, 'revocationPolicy')
  if (authorities === undefined) {
    const options = readAuthorityOptions({ revocation: revocationPolicy }, 'options', true)
    return [{
      name: DEFAULT_AUTHORITY,
      options,
      isNamed: false,
      isPolicyIdle: false,
      material: material as TrustMaterial,
      origins,
      crlDigests: crlDigests?.get(DEFAULT_AUTHORITY)
    }]
  }
  const names = checkAuthorities(material)
  return names.map((name) => {
    const given = { name, material: authorities[name] as AuthorityMaterial, isAlone: names.length === 1 }
    return readAuthority(given, checkOptions, originsOf(origins, name), crlDigests?.get(name))
  })
}

/** One authority of the option `authorities`. */
interface NamedAuthority {
  readonly name: string
  readonly material: AuthorityMaterial
  /** Whether there are no others. */
  readonly isAlone: boolean
}

/**
 * Reads the options of one named authority, whose types were checked.
 *
 * @throws CredentialsOptionError
 */
export function readAuthority (
  { name, material, isAlone }: NamedAuthority, { revocationPolicy }: CheckOptions, origins: AuthorityOrigins,
  crlDigests: readonly string[] | undefined
): AuthorityInput {
  const { revocation: own, crl, checker } = material
  const given = { ...material, revocation: own === undefined ? revocationPolicy : own }
  return {
    name,
    options: readAuthorityOptions(given, `authorities.${name}`, isAlone),
    isNamed: true,
    isPolicyIdle: own !== undefined && listOf(crl).length === 0 && checker === undefined,
    material,
    origins,
    crlDigests
  }
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
  for (const name of names) checkNamedAuthority(name, (authorities as Record<string, unknown>)[name])
  return names
}

/** Checks the name and the types of one of the option `authorities`. @throws CredentialsOptionError */
export function checkNamedAuthority (name: string, given: unknown): void {
  checkAuthorityName(name)
  AUTHORITY.check(given as AuthorityMaterial, `authorities.${name}`)
}

/** The names of one authority's options in errors. */
export function originsOf (origins: Origins, name: string): AuthorityOrigins {
  const known = origins.authorities?.[name]
  if (known !== undefined) return known
  const names = TRUST_PARTS.map((part) => [part, `authorities.${name}.${part}`])
  return Object.fromEntries(names) as unknown as AuthorityOrigins
}
