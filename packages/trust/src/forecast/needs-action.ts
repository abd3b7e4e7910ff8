import type { ClientAuthForecast } from './forecast-client-auth.ts'

/** What a certificate is used for. `authority`: it is a trusted CA of clients. */
export type CertificateUse = 'client' | 'server' | 'unknown' | 'authority'

/**
 * Tells whether you must act within a time. A certificate of unknown use counts as a client's while it has clientAuth.
 * A certificate without clientAuth counts only if it is known to be used by a client.
 *
 * @param use what the certificate is used for
 * @param forecast the forecast for it
 * @param now milliseconds since the epoch
 * @param within the time, in milliseconds from now
 * @example
 * ```ts
 * const days30 = 30 * 86_400_000
 * console.log(needsAction('client', forecastClientAuth(peer), Date.now(), days30)) // false: from a private CA
 * ```
 */
export function needsAction (
  use: CertificateUse, { state, loses }: ClientAuthForecast, now: number, within: number
): boolean {
  if (use === 'server' || state === 'not_affected') return false
  if (state === 'lacks') return use !== 'unknown'
  return loses === undefined || loses.at <= now + within
}

/**
 * Returns when clientAuth is lost, to sort by, in milliseconds since the epoch. `-Infinity` if the certificate lacks it
 * already, `Infinity` if it is not affected.
 *
 * @example
 * ```ts
 * const forecasts = [forecastClientAuth(peer), forecastAuthority(parsePeerIdentity(ca.der))]
 * console.log(forecasts.map(dateOfLoss).sort((one, other) => one - other)) // [ Infinity, Infinity ]: private CAs
 * ```
 */
export function dateOfLoss ({ state, notAfter, loses }: ClientAuthForecast): number {
  if (state === 'not_affected') return Infinity
  return state === 'lacks' ? -Infinity : loses?.at ?? notAfter ?? -Infinity
}
