import type { ClientAuthForecast } from './forecast-client-auth.ts'

/** What a certificate is used for. `authority`: it vouches for clients. */
export type CertificateUse = 'client' | 'server' | 'unknown' | 'authority'

/**
 * Whether somebody has to do something within a time. What may be a client counts as one while it can be one; what is
 * for servers alone already counts only if it is said to be used as a client.
 *
 * @param within milliseconds from now on
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
 * When clientAuth is lost, to sort by: `-Infinity` for what lacks it already, `Infinity` for what is not affected. In
 * milliseconds since the epoch.
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
