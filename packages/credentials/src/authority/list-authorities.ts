import { MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import { TRUST_PARTS, listOf } from '../material.ts'
import type { CheckOptions } from '../check-options.ts'
import type { AuthorityMaterial, AuthorityOrigins, CredentialMaterial, Origins, TrustMaterial } from '../material.ts'
import { checkKeys } from '../option-check.ts'
import { AUTHORITY_OPTIONS, checkAuthorityName, readAuthorityOptions } from './authority-options.ts'
import type { ReadAuthorityOptions } from './authority-options.ts'

/** One authority as it was given, its options checked. */
export interface AuthorityInput {
  readonly name: string
  readonly options: ReadAuthorityOptions
  readonly material: TrustMaterial
  readonly origins: AuthorityOrigins
  /** Digests of its CRLs, where they are known already: hashing a large one takes its time. */
  readonly crlDigests: readonly string[] | undefined
  /** Whether a policy was given, and nobody is there to ask by it. */
  readonly isPolicyIdle: boolean
}

/** The authority that the option `ca` stands for. */
export const DEFAULT_AUTHORITY = 'default'

/**
 * The authorities of material: those of `authorities`, or the one that `ca` stands for.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION
 */
export function listAuthorities (
  material: CredentialMaterial,
  { revocationPolicy }: CheckOptions,
  origins: Origins,
  crlDigests?: ReadonlyMap<string, readonly string[]>
): readonly AuthorityInput[] {
  const { authorities } = material
  if (authorities === undefined) {
    const options = readAuthorityOptions({ revocation: revocationPolicy }, 'options', true)
    return [{ name: DEFAULT_AUTHORITY, options, isPolicyIdle: false, material: material as TrustMaterial, origins, crlDigests: crlDigests?.get(DEFAULT_AUTHORITY) }]
  }
  const names = checkAuthorities(material)
  return names.map((name) => {
    const given = authorities[name] as AuthorityMaterial
    const options = readAuthorityOptions({ ...given, revocation: given.revocation === undefined ? revocationPolicy : given.revocation }, `authorities.${name}`, names.length === 1)
    const isPolicyIdle = given.revocation !== undefined && listOf(given.crl).length === 0 && given.checker === undefined
    return { name, options, isPolicyIdle, material: given, origins: originsOf(origins, name), crlDigests: crlDigests?.get(name) }
  })
}

/** The names of the authorities. @throws MTLS_ERR_CREDENTIALS_OPTION */
export function checkAuthorities (options: { readonly authorities?: unknown }): readonly string[] {
  const { authorities } = options
  if (typeof authorities !== 'object' || authorities === null || Array.isArray(authorities)) {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`authorities is ${authorities === null ? 'null' : Array.isArray(authorities) ? 'a list' : `of type ${typeof authorities}`}; expected an object of authorities by name`)
  }
  const beside = TRUST_PARTS.find((part) => (options as Record<string, unknown>)[part] !== undefined)
  if (beside !== undefined) throw new MTLS_ERR_CREDENTIALS_OPTION(`found ${beside} beside authorities; expected it within one of them`)
  const names = Object.keys(authorities)
  if (names.length === 0) throw new MTLS_ERR_CREDENTIALS_OPTION('authorities is empty; expected at least one, such as { internal: { ca } }')
  for (const name of names) {
    checkAuthorityName(name)
    checkKeys((authorities as Record<string, unknown>)[name], [...TRUST_PARTS, ...AUTHORITY_OPTIONS], ['ca'], `authorities.${name}`)
  }
  return names
}

/** How errors call the parts of one authority. */
export function originsOf (origins: Origins, name: string): AuthorityOrigins {
  const known = origins.authorities?.[name]
  if (known !== undefined) return known
  return Object.fromEntries(TRUST_PARTS.map((part) => [part, `authorities.${name}.${part}`])) as unknown as AuthorityOrigins
}
