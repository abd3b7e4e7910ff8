import { NameBounds, readAlgorithmPolicy } from '@peerkit/trust'
import type { AlgorithmPolicy, AuthorityNames } from '@peerkit/trust'
import { checkRevocationPolicy } from '@peerkit/revocation'
import type { RevocationChecker, RevocationPolicy } from '@peerkit/revocation'
import { MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import { checkKeys, show } from '../option-check.ts'

/** Whose certificates an authority vouches for. */
export type AuthorityUse = 'clients' | 'servers' | 'both'

/** What an authority may vouch for, and how its certificates are checked. */
export interface AuthorityOptions {
  /**
   * The names that it vouches for. Default `'any'`; needed where there are several authorities. A kind that is added gets a bound: certificates with a name outside
   * of it, which was not believed before, are then refused.
   */
  readonly names?: AuthorityNames | undefined
  /** Whose certificates it vouches for: a CA that was added to call an API need not admit that API's clients. Default `both`. */
  readonly for?: AuthorityUse | undefined
  /**
   * What a certificate that no CRL of this authority speaks of means, where it has CRLs. Default: the option `revocationPolicy`, else `hard` (refused). Without `crl`
   * nobody is asked.
   */
  readonly revocation?: RevocationPolicy | undefined
  /** Asked beside the CRLs, an OCSP checker for example; both must permit. */
  readonly checker?: RevocationChecker | undefined
  /** Whether a path may end at an intermediate CA that stands in `ca`. Default false: it ends at a root. */
  readonly partial?: boolean | undefined
  /** Which signatures and keys count below this authority. Default: what a TLS handshake accepts. */
  readonly algorithms?: AlgorithmPolicy | undefined
  /**
   * Accepts clients whose certificate is for servers alone, as public CAs issue them since 2026, until a day at 00:00 UTC. Asks for bounds on `names`.
   *
   * @example
   * serverAuthOnly: { acceptUntil: '2027-03-15' }
   */
  readonly serverAuthOnly?: { readonly acceptUntil: string } | undefined
}

/** Settings that were checked. */
export interface ReadAuthorityOptions {
  readonly names: AuthorityNames
  readonly bounds: NameBounds
  readonly for: AuthorityUse
  readonly revocation: RevocationPolicy | undefined
  readonly checker: RevocationChecker | undefined
  readonly partial: boolean
  readonly algorithms: AlgorithmPolicy | undefined
  /** Milliseconds since the epoch. */
  readonly serverAuthOnlyUntil: number | undefined
}

export const AUTHORITY_OPTIONS: readonly string[] = ['names', 'for', 'revocation', 'checker', 'partial', 'algorithms', 'serverAuthOnly']

const USES: readonly unknown[] = ['clients', 'servers', 'both']
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const DAY = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/

/** @throws MTLS_ERR_CREDENTIALS_OPTION */
export function checkAuthorityName (name: string): void {
  if (!NAME.test(name)) throw new MTLS_ERR_CREDENTIALS_OPTION(`authorities holds the name ${show(name)}; expected letters, digits, ".", "_" and "-", at most 64`)
}

/** @throws MTLS_ERR_CREDENTIALS_OPTION naming the option, what was found and what was expected */
export function readAuthorityOptions (given: AuthorityOptions, where: string, isAlone: boolean): ReadAuthorityOptions {
  const { for: use = 'both', revocation, checker, partial = false, algorithms, serverAuthOnly } = given
  if (given.names === undefined && !isAlone) throw new MTLS_ERR_CREDENTIALS_OPTION(`${where} has no names; where there are several authorities each says which names it vouches for, or names: "any"`)
  if (!USES.includes(use)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${where}.for is ${show(use)}; expected "clients", "servers" or "both"`)
  if (typeof partial !== 'boolean') throw new MTLS_ERR_CREDENTIALS_OPTION(`${where}.partial is ${show(partial)}; expected true or false`)
  if (checker !== undefined && typeof (checker as Partial<RevocationChecker> | null)?.check !== 'function') {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`${where}.checker is ${show(checker)}; expected a revocation checker, such as ocspChecker() makes`)
  }
  if (revocation !== undefined) checkPolicy(revocation, where)
  // Copied, so that a later change to the caller's object does not change the trust.
  const names = given.names === undefined ? 'any' : freeze(copyNames(given.names, `${where}.names`))
  const bounds = asOption(() => new NameBounds(names, `${where}.names`))
  if (algorithms !== undefined) asOption(() => readAlgorithmPolicy(algorithms), where)
  const serverAuthOnlyUntil = serverAuthOnly === undefined ? undefined : readDay(serverAuthOnly, where)
  if (serverAuthOnlyUntil !== undefined && !bounds.isBounded) {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`${where}.serverAuthOnly needs ${where}.names, none of them "any"; a public CA issues to everybody`)
  }
  if (serverAuthOnlyUntil !== undefined && use === 'servers') throw new MTLS_ERR_CREDENTIALS_OPTION(`${where}.serverAuthOnly is about clients, but ${where}.for is "servers"`)
  return { names, bounds, for: use, revocation, checker, partial, algorithms, serverAuthOnlyUntil }
}

function readDay (given: { readonly acceptUntil: string }, where: string): number {
  if (typeof given !== 'object' || given === null) throw new MTLS_ERR_CREDENTIALS_OPTION(`${where}.serverAuthOnly is ${show(given)}; expected an object such as { acceptUntil: "2027-03-15" }`)
  checkKeys(given, ['acceptUntil'], ['acceptUntil'], `${where}.serverAuthOnly`)
  const { acceptUntil } = given
  const isDay = DAY.test(String(acceptUntil))
  const time = isDay ? Date.parse(`${acceptUntil}T00:00:00Z`) : Number.NaN
  // Date.parse takes 2027-02-31 for a day in March.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== acceptUntil) {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`${where}.serverAuthOnly.acceptUntil is ${show(acceptUntil)}${isDay ? ', and there is no such day' : ''}; expected a day such as "2027-03-15"`)
  }
  return time
}

/** @throws MTLS_ERR_CREDENTIALS_OPTION where it is no plain data, and cannot be copied */
function copyNames (names: unknown, where: string): AuthorityNames {
  try {
    return structuredClone(names) as AuthorityNames
  } catch {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`${where} is ${typeof names === 'function' ? 'function' : 'no plain data'}; expected "any", or an object such as { dns: "partner.example" }`)
  }
}

function freeze<Value> (value: Value): Value {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) freeze(each)
  return Object.freeze(value)
}

/** @throws MTLS_ERR_CREDENTIALS_OPTION */
function checkPolicy (policy: RevocationPolicy, where: string): void {
  try {
    checkRevocationPolicy(policy)
  } catch (error) {
    throw Object.assign(new MTLS_ERR_CREDENTIALS_OPTION(`${where}.revocation: ${(error as Error).message}`), { cause: error })
  }
}

/** Runs `read`, and turns an MTLS_ERR_PATH_OPTION of @peerkit/trust into an MTLS_ERR_CREDENTIALS_OPTION. */
function asOption<Result> (read: () => Result, where?: string): Result {
  try {
    return read()
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'MTLS_ERR_PATH_OPTION') throw error
    const text = (error as Error).message.replace(/^Invalid [a-z ]+ option: /, '')
    throw Object.assign(new MTLS_ERR_CREDENTIALS_OPTION(where === undefined ? text : `${where}.${text}`), { cause: error })
  }
}
