import { adviseClientAuth, dateOfLoss, lastDayBefore, needsAction } from '@peerkit/trust/forecast'
import type { CertificateUse, ClientAuthForecast, ClientAuthStop } from '@peerkit/trust/forecast'
import { clip } from '../collect/clip.ts'

/** A certificate that is looked at, and who has it. */
export interface ForecastSubject {
  readonly what: 'own certificate' | 'trusted CA' | 'client' | 'refused client' | 'server'
  readonly name: string
  /** How the log names it. */
  readonly text: string
  /** Of a client, how its page is found. */
  readonly key: string | undefined
  /** Of a server, the origin that was called. */
  readonly calledAt: string | undefined
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
  readonly authority: string | undefined
  /** Milliseconds since the epoch. */
  readonly lastSeen: number | undefined
  readonly use: CertificateUse
  /**
   * Of a client, until when it is accepted by `serverAuthOnly` of its authority alone. Of a CA, until when its clients
   * may be. In milliseconds since the epoch.
   */
  readonly serverAuthOnlyUntil: number | undefined
}

/** A certificate from a public CA, or one that is accepted by `serverAuthOnly` alone, and what becomes of it. */
export interface ForecastEntry extends ForecastSubject, Omit<ClientAuthForecast, 'stop'> {
  /** Whether somebody has to do something within the time of the page. */
  readonly needsAction: boolean
  /** From when on it is refused, in milliseconds since the epoch; undefined where that is so already. */
  readonly refusedFrom: number | undefined
  readonly stop: (ClientAuthStop & { readonly lastDay: string }) | undefined
  /** What to do, in words. */
  readonly advice: string | undefined
  /** How to bridge the time; the same for many. */
  readonly remark: string | undefined
}

/** @returns undefined for what is not affected */
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
  // A difference of two infinities is no number.
  return date === otherDate ? 0 : date - otherDate
}

/** Who lacks clientAuth is accepted until the day of its authority; who has it, until he loses it at least. */
function dateOfRefusal (forecast: ClientAuthForecast, serverAuthOnlyUntil: number | undefined): number {
  const date = dateOfLoss(forecast)
  if (serverAuthOnlyUntil === undefined) return date
  return date === Infinity ? serverAuthOnlyUntil : Math.max(date, serverAuthOnlyUntil)
}
