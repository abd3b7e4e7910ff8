import { CERTIFICATE_FLAWS } from '@peerkit/identity'
import type { CertificateFlaw } from '@peerkit/identity'
import {
  anything, choice, defineOptions, describeValue, flag, list, methods, required, valueOf, wrongOption, wrongValue
} from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import { checkRevocationPolicy } from '@peerkit/revocation'
import type { RevocationChecker, RevocationPolicy } from '@peerkit/revocation'
import { NameBounds, PathOptionError, readAlgorithmPolicy } from '@peerkit/trust'
import type { AlgorithmPolicy, AuthorityNames } from '@peerkit/trust'
import { CredentialsOptionError } from '../errors.ts'

/** Whether an authority may issue certificates of clients, of servers or of both. */
export type AuthorityUse = 'clients' | 'servers' | 'both'

/** The limits of what an authority may issue, and how its certificates are checked. */
export interface AuthorityOptions {
  /**
   * The names that it may issue, by kind. Default `'any'`; required if there are several authorities. A certificate
   * with a name outside is rejected. Names of a kind that is left out are ignored, as if the certificate did not have
   * them.
   */
  readonly names?: AuthorityNames | undefined
  /** Whether it may issue certificates of clients, of servers or of both. Default `both`. */
  readonly for?: AuthorityUse | undefined
  /**
   * Whether certificates that no CRL of this authority covers are rejected (`hard`) or accepted (`soft`). Default: the
   * option `revocationPolicy`, or `hard`. Without `crl` revocation is not checked.
   */
  readonly revocation?: RevocationPolicy | undefined
  /** A checker in addition to the CRLs, for example for OCSP. Both must accept a certificate. */
  readonly checker?: RevocationChecker | undefined
  /** Whether a path may end at an intermediate CA in `ca`. Default false: it must end at a root. */
  readonly partial?: boolean | undefined
  /**
   * Accepts X.509-SVIDs only (SPIFFE X509-SVID section 5.2): the certificate needs a SPIFFE ID within `names.spiffe`,
   * which is required. An intermediate CA that has a SPIFFE ID must be of the same trust domain. Two such authorities
   * may have the same CA if their trust domains differ. Default false.
   */
  readonly spiffeOnly?: boolean | undefined
  /** The signature algorithms and keys that its certificates may use. Default: what a TLS handshake accepts. */
  readonly algorithms?: AlgorithmPolicy | undefined
  /**
   * Accepts clients with a certificate that is only for servers, until a day such as `2027-03-15` at 00:00 UTC. Public
   * CAs issue no other certificates since 2026. Requires limits in `names`.
   */
  readonly serverAuthOnly?: { readonly acceptUntil: string } | undefined
  /**
   * Flaws of certificates that this authority has issued and that are accepted all the same. Default: none. It concerns
   * the certificates that peers send, never those in `ca` and `intermediates`.
   *
   * - `alt-names`: subject alternative names that RFC 5280 section 4.2.1.6 forbids: no name at all, an empty name, a
   *   mail address, DNS name or URI that is not printable ASCII, an IP address of a wrong length. The kind of such a
   *   name is unknown: no rule about it holds, nor its `not`. If `names` or a CA limits that kind, it is rejected.
   * - `serial-number`: a negative serial number, which RFC 5280 section 4.1.2.2 forbids. It is written `-7f` in rules
   *   and block lists, as OpenSSL shows it.
   */
  readonly tolerate?: readonly CertificateFlaw[] | undefined
}

/** Options that were checked. */
export interface ReadAuthorityOptions {
  readonly names: AuthorityNames
  readonly bounds: NameBounds
  readonly for: AuthorityUse
  readonly revocation: RevocationPolicy | undefined
  readonly checker: RevocationChecker | undefined
  readonly partial: boolean
  readonly spiffeOnly: boolean
  readonly algorithms: AlgorithmPolicy | undefined
  /** Milliseconds since the epoch. */
  readonly serverAuthOnlyUntil: number | undefined
  /** Sorted, without duplicates, frozen. */
  readonly tolerate: readonly CertificateFlaw[]
}

/** The type of each option of {@link AuthorityOptions}. */
export const AUTHORITY_OPTIONS: OptionTypes<AuthorityOptions> = {
  names: anything,
  for: choice('clients', 'servers', 'both'),
  revocation: anything,
  checker: methods(['check'], 'a revocation checker such as that of ocspChecker()'),
  partial: flag,
  spiffeOnly: flag,
  algorithms: anything,
  serverAuthOnly: valueOf('an object such as { acceptUntil: "2027-03-15" }', (value) => {
    return typeof value === 'object' && value !== null
  }),
  tolerate: list('flaws', choice(...CERTIFICATE_FLAWS))
}

const SERVER_AUTH_ONLY = defineOptions<{ readonly acceptUntil: string }>(
  'serverAuthOnly',
  CredentialsOptionError,
  { acceptUntil: required(valueOf('a day such as "2027-03-15"', () => true)) }
)
/** A trust domain of SPIFFE can be one: it has at most 255 characters, and may start with any of them. */
const NAME = /^[A-Za-z0-9._-]{1,255}$/
const DAY = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/

/** @throws CredentialsOptionError */
export function checkAuthorityName (name: string): void {
  if (NAME.test(name)) return
  const expected = 'at most 255 letters, digits, ".", "_" and "-"'
  throw wrongValue(CredentialsOptionError, 'the name of an authority', name, expected)
}

/**
 * @param where the option, for errors
 * @throws CredentialsOptionError
 */
export function readAuthorityOptions (given: AuthorityOptions, where: string, isAlone: boolean): ReadAuthorityOptions {
  const { for: use = 'both', revocation, checker, partial = false, algorithms, serverAuthOnly, tolerate = [] } = given
  const { spiffeOnly = false } = given
  if (given.names === undefined && !isAlone) {
    const expected = 'the names that it may issue, or "any" (required if there are several authorities)'
    throw wrongValue(CredentialsOptionError, `${where}.names`, undefined, expected)
  }
  if (revocation !== undefined) checkPolicy(revocation, `${where}.revocation`)
  // A copy, so that a later change of the caller's object does not change the trust.
  const names = given.names === undefined ? 'any' : freeze(copyNames(given.names, `${where}.names`))
  const bounds = asOption(() => new NameBounds(names, `${where}.names`))
  if (algorithms !== undefined) asOption(() => readAlgorithmPolicy(algorithms), where)
  if (spiffeOnly && !bounds.isSpiffeBounded) {
    const expected = 'trust domains in names.spiffe, because the certificates need a SPIFFE ID'
    throw new CredentialsOptionError(`${where}.spiffeOnly is set; expected ${expected}`)
  }
  const serverAuthOnlyUntil = serverAuthOnly === undefined ? undefined : readDay(serverAuthOnly, where)
  if (serverAuthOnlyUntil !== undefined && !bounds.isBounded) {
    const problem = `${where}.serverAuthOnly is set, but ${where}.names has no limits`
    const expected = 'limits, and no kind with "any", because a public CA issues certificates to everyone'
    throw new CredentialsOptionError(`${problem}; expected ${expected}`)
  }
  if (serverAuthOnlyUntil !== undefined && use === 'servers') {
    const problem = `${where}.serverAuthOnly is set, but ${where}.for is "servers"`
    throw new CredentialsOptionError(`${problem}; expected "clients" or "both", since it concerns clients`)
  }
  const flaws = Object.freeze([...new Set(tolerate)].sort())
  return {
    names,
    bounds,
    for: use,
    revocation,
    checker,
    partial,
    spiffeOnly,
    algorithms,
    serverAuthOnlyUntil,
    tolerate: flaws
  }
}

function readDay (given: { readonly acceptUntil: string }, where: string): number {
  SERVER_AUTH_ONLY.check(given, `${where}.serverAuthOnly`)
  const { acceptUntil } = given
  const isDay = DAY.test(String(acceptUntil))
  const time = isDay ? Date.parse(`${acceptUntil}T00:00:00Z`) : Number.NaN
  // Date.parse reads 2027-02-31 as a day in March.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== acceptUntil) {
    const found = `${describeValue(acceptUntil)}${isDay ? ', which is not a day of the calendar' : ''}`
    const option = `${where}.serverAuthOnly.acceptUntil`
    throw wrongOption(CredentialsOptionError, option, found, 'a day such as "2027-03-15"')
  }
  return time
}

/** @throws CredentialsOptionError if it is not plain data and cannot be copied */
function copyNames (names: unknown, where: string): AuthorityNames {
  try {
    return structuredClone(names) as AuthorityNames
  } catch {
    const found = typeof names === 'function' ? 'a function' : 'not plain data'
    const expected = '"any", or an object such as { dns: "partner.example" }'
    throw wrongOption(CredentialsOptionError, where, found, expected)
  }
}

function freeze<Value> (value: Value): Value {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) freeze(each)
  return Object.freeze(value)
}

/**
 * @param option what the policy was given as, for errors
 * @throws CredentialsOptionError
 */
export function checkPolicy (policy: RevocationPolicy, option: string): void {
  try {
    checkRevocationPolicy(policy)
  } catch (error) {
    // The checker of policies knows only that it is one.
    const message = withoutPrefix(error as Error)
    const named = message.startsWith('policy') ? `${option}${message.slice(6)}` : `${option}: ${message}`
    throw new CredentialsOptionError(named, { cause: error })
  }
}

/** Runs `read`, and turns an option error of @peerkit/trust into a CredentialsOptionError. */
function asOption<Result> (read: () => Result, where?: string): Result {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof PathOptionError)) throw error
    const text = withoutPrefix(error)
    throw new CredentialsOptionError(where === undefined ? text : `${where}.${text}`, { cause: error })
  }
}

/** The message of an option error without its first words. */
function withoutPrefix ({ message }: Error): string {
  return message.replace(/^Invalid [a-z ]+ option: /, '')
}
