import { endOfValidity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { findOrigin } from './find-origin.ts'
import type { Origin } from './find-origin.ts'
import { bundledRoots, startOf } from './public-cas.ts'
import type { ClientAuthStop, PublicRoots } from './public-cas.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** Whether and when a certificate loses clientAuth. Times are milliseconds since the epoch. */
export interface ClientAuthForecast {
  /**
   * - `not_affected`: from a private CA
   * - `lacks`: from a public CA, without clientAuth
   * - `loses`: from a public CA, with clientAuth until a renewal
   * - `ended`: from a public CA, and expired
   */
  readonly state: 'not_affected' | 'lacks' | 'loses' | 'ended'
  readonly origin: Origin['kind']
  readonly evidence: Origin['evidence']
  /** The operator of the public CA. */
  readonly operator: string | undefined
  /** Whether it allows clientAuth; undefined if that is unknown, as for lines of an audit log. */
  readonly clientAuth: boolean | undefined
  /** The certificate whose extendedKeyUsage lacks clientAuth: the certificate itself, or a CA above it. */
  readonly lackedBy: string | undefined
  readonly notAfter: number | undefined
  /** The estimated renewal, when a third of the lifetime is left. Only for leaf certificates of public CAs. */
  readonly renewal: number | undefined
  readonly stop: ClientAuthStop | undefined
  readonly nextRenewal: 'server_auth_only' | 'client_auth_possible' | undefined
  readonly loses: ClientAuthLoss | undefined
}

/** When a certificate loses clientAuth. */
export interface ClientAuthLoss {
  readonly at: number
  /**
   * - `renewal`: `at` is the estimated renewal
   * - `end`: `at` is the end of validity, the latest date
   * - `stop`: `at` is the day of the stop; the first renewal after it loses clientAuth
   */
  readonly basis: 'renewal' | 'end' | 'stop'
}

export interface ForecastOptions {
  /** CA certificates that may be its issuers, in any order. Default: none. */
  readonly chain?: readonly PeerIdentity[]
  /** The time of the forecast, in milliseconds since the epoch. Default: now. */
  readonly now?: number
  /** The public roots. Default: those of Node. */
  readonly roots?: PublicRoots
}

/**
 * Tells whether and when a certificate loses clientAuth. It does not decide whether the certificate is accepted;
 * `evaluate` does.
 *
 * @example
 * ```ts
 * const root = await createDevCa({ subject: [{ type: 'O', value: 'DigiCert Inc' }] }) // in place of a public root
 * const leaf = parsePeerIdentity((await root.issue({ cn: 'orders' })).der)
 * const { state, operator, loses } = forecastClientAuth(leaf, { roots: readPublicRoots([root.der]) })
 * console.log(state, operator, loses?.at) // loses DigiCert, and when
 * ```
 */
export function forecastClientAuth (certificate: PeerIdentity, options: ForecastOptions = {}): ClientAuthForecast {
  const { chain = [], now = Date.now(), roots = bundledRoots() } = options
  const origin = findOrigin(certificate, chain, roots)
  const { notBefore, notAfter } = certificate
  return forecastOf(origin, { ...readClientAuth(certificate, origin), notBefore, notAfter, now })
}

/**
 * Like `forecastClientAuth`, for a trusted CA: tells when the certificates below it lose clientAuth. `chain` contains
 * the other known CAs.
 *
 * @example
 * ```ts
 * console.log(forecastAuthority(parsePeerIdentity(ca.der)).state) // not_affected: a private CA
 * ```
 */
export function forecastAuthority (authority: PeerIdentity, options: ForecastOptions = {}): ClientAuthForecast {
  const { chain = [], now = Date.now(), roots = bundledRoots() } = options
  const origin = findOrigin(authority, chain, roots)
  const { notAfter } = authority
  return forecastOf(origin, { ...readClientAuth(authority, origin), notAfter, now, isAuthority: true })
}

/** What is known about a certificate besides its origin. Times are milliseconds since the epoch. */
export interface KnownOfCertificate {
  readonly clientAuth: boolean | undefined
  readonly lackedBy?: string | undefined
  readonly notBefore?: number | undefined
  readonly notAfter: number | undefined
  readonly now: number
  /** Whether it is a CA. The certificates below it lose clientAuth at their renewals, not the CA itself. */
  readonly isAuthority?: boolean
}

/**
 * Makes the forecast for a certificate whose origin is known.
 *
 * @example
 * ```ts
 * const origin = findOriginByName(peer.issuer, [], bundledRoots())
 * const forecast = forecastOf(origin, { clientAuth: undefined, notAfter: peer.notAfter, now: Date.now() })
 * console.log(forecast.state) // not_affected
 * ```
 */
export function forecastOf (found: Origin, known: KnownOfCertificate): ClientAuthForecast {
  const { kind: origin, evidence, operator } = found
  const { clientAuth, lackedBy, notAfter, now } = known
  const stop = operator?.stop
  const common = { origin, evidence, operator: operator?.name, clientAuth, lackedBy, notAfter, stop }
  if (stop === undefined) {
    return { ...common, state: 'not_affected', renewal: undefined, nextRenewal: undefined, loses: undefined }
  }
  const { isAuthority = false } = known
  const renewal = isAuthority ? undefined : estimateRenewal(known)
  const next = renewal === undefined ? now : Math.max(renewal, now)
  const nextRenewal = next < startOf(stop) ? 'client_auth_possible' : 'server_auth_only'
  const isEnded = notAfter !== undefined && now >= endOfValidity({ notAfter })
  const state = clientAuth === false ? 'lacks' : isEnded ? 'ended' : 'loses'
  const loses = state === 'loses' ? findLoss(known, stop, renewal) : undefined
  return { ...common, state, renewal, nextRenewal, loses }
}

/**
 * Tells whether a certificate and all known CAs above it allow clientAuth.
 *
 * @example
 * ```ts
 * const origin = findOrigin(peer, [parsePeerIdentity(ca.der)], bundledRoots())
 * console.log(readClientAuth(peer, origin)) // { clientAuth: true, lackedBy: undefined }
 * ```
 */
export function readClientAuth (
  certificate: PeerIdentity, { path }: Origin
): Pick<KnownOfCertificate, 'clientAuth' | 'lackedBy'> {
  const blamed = [certificate, ...path].find((one) => !allowsClientAuth(one))
  return { clientAuth: blamed === undefined, lackedBy: blamed && String(blamed) }
}

/** The rule of path validation: an extendedKeyUsage must contain clientAuth; anyExtendedKeyUsage is not enough. */
function allowsClientAuth ({ extendedKeyUsage = [] }: PeerIdentity): boolean {
  return extendedKeyUsage.length === 0 || extendedKeyUsage.includes(CLIENT_AUTH)
}

function estimateRenewal ({ notBefore, notAfter }: KnownOfCertificate): number | undefined {
  return notBefore === undefined || notAfter === undefined ? undefined : notAfter - (notAfter - notBefore) / 3
}

/**
 * A renewal before the stop still gets clientAuth. The lifetime of that next certificate is unknown. So the day of the
 * stop counts, which is the first on which a renewal can lose clientAuth.
 */
function findLoss (known: KnownOfCertificate, stop: ClientAuthStop, renewal: number | undefined): ClientAuthLoss {
  const { notAfter, now, isAuthority = false } = known
  const start = startOf(stop)
  if (renewal !== undefined && renewal >= Math.max(now, start)) return { at: renewal, basis: 'renewal' }
  if (isAuthority || notAfter === undefined || now < start) return { at: start, basis: 'stop' }
  return { at: notAfter, basis: 'end' }
}
