import { adviseClientAuth, dateOfLoss, lastDayBefore, needsAction } from '@peerkit/trust/forecast'
import type { CertificateUse, ClientAuthForecast, ClientAuthStop } from '@peerkit/trust/forecast'
import { clip } from '@peerkit/identity/internal'

/** A certificate of the forecast and its holder. */
export interface ForecastSubject {
  readonly what: 'own certificate' | 'trusted CA' | 'client' | 'refused client' | 'server'
  readonly name: string
  /** Its name in the log. */
  readonly text: string
  /** For a client: the key of its page. */
  readonly key: string | undefined
  /** For a server: the origin that was called. */
  readonly calledAt: string | undefined
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
  readonly authority: string | undefined
  /** Milliseconds since the epoch. */
  readonly lastSeen: number | undefined
  readonly use: CertificateUse
  /**
   * For a client: until when only `serverAuthOnly` of its authority accepts it. For a CA: until when its clients may be
   * accepted so. In milliseconds since the epoch.
   */
  readonly serverAuthOnlyUntil: number | undefined
}

/** The forecast for a certificate from a public CA, or for one that only `serverAuthOnly` accepts. */
export interface ForecastEntry extends ForecastSubject, Omit<ClientAuthForecast, 'stop'> {
  /** Whether action is needed within the time of the page. */
  readonly needsAction: boolean
  /** From when it is refused, in milliseconds since the epoch. Undefined if it is refused already. */
  readonly refusedFrom: number | undefined
  readonly stop: (ClientAuthStop & { readonly lastDay: string }) | undefined
  /** What to do. */
  readonly advice: string | undefined
  /** How to accept such clients meanwhile. It is the same for many entries. */
  readonly remark: string | undefined
}

/** @returns undefined if the certificate is not affected */
export function forecastEntry (
  subject: ForecastSubject, forecast: ClientAuthForecast, now: number, within: number
): ForecastEntry | undefined {
  const { what, use, serverAuthOnlyUntil } = subject
  const isAffected = forecast.state !== 'not_affected' || (use === 'client' && serverAuthOnlyUntil !== undefined)
  if (!isAffected) return undefined
  const date = dateOfRefusal(forecast, serverAuthOnlyUntil)
  const isOwn = what === 'own certificate'
  const advice = adviseClientAuth({ forecast, use, isOwn, acceptedUntil: serverAuthOnlyUntil }, now)
  const { stop, lackedBy } = forecast
  return {
    ...subject,
    ...forecast,
    lackedBy: clip(lackedBy),
    stop: stop && { ...stop, lastDay: lastDayBefore(stop) },
    needsAction: serverAuthOnlyUntil === undefined ? needsAction(use, forecast, now, within) : date <= now + within,
    refusedFrom: date === -Infinity ? undefined : date,
    advice: advice?.text,
    remark: advice?.remark
  }
}

/** The soonest first. */
export function compareEntries (one: ForecastEntry, other: ForecastEntry): number {
  const [date, otherDate] = [one.refusedFrom ?? -Infinity, other.refusedFrom ?? -Infinity]
  // The difference of two infinities is NaN.
  return date === otherDate ? 0 : date - otherDate
}

/** Without clientAuth it is accepted until the day of its authority; with clientAuth at least until it loses it. */
function dateOfRefusal (forecast: ClientAuthForecast, serverAuthOnlyUntil: number | undefined): number {
  const date = dateOfLoss(forecast)
  if (serverAuthOnlyUntil === undefined) return date
  return date === Infinity ? serverAuthOnlyUntil : Math.max(date, serverAuthOnlyUntil)
}
