import type { ClientAuthForecast } from './forecast-client-auth.ts'

/** What a certificate is used for. `authority`: it vouches for clients. */
export type CertificateUse = 'client' | 'server' | 'unknown' | 'authority'

/**
 * Whether somebody has to do something within a time. What may be a client counts as one while it can be one; what is
 * for servers alone already counts only if it is said to be used as a client.
 *
 * @param within milliseconds from now on
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
 */
export function dateOfLoss ({ state, notAfter, loses }: ClientAuthForecast): number {
  if (state === 'not_affected') return Infinity
  return state === 'lacks' ? -Infinity : loses?.at ?? notAfter ?? -Infinity
}
