import type { CredentialSnapshot } from '@peerkit/credentials'
import { parseDistinguishedName, viewDer } from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import {
  adviseClientAuth, dateOfLoss, findOrigin, findOriginByName, forecastOf, lastDayBefore, needsAction, readClientAuth
} from '@peerkit/trust/forecast'
import type {
  CertificateUse, ClientAuthForecast, ClientAuthStop, KnownOfCertificate, Origin, PublicRoots
} from '@peerkit/trust/forecast'

type Known = Pick<KnownOfCertificate, 'clientAuth' | 'lackedBy'> & { readonly origin: Origin }

/**
 * Forecasts when a certificate loses clientAuth. The origin of a certificate is cached for each snapshot, so that a
 * page that updates itself does not verify signatures again.
 */
export class Forecaster {
  readonly #roots: () => PublicRoots
  readonly #known = new WeakMap<CredentialSnapshot, WeakMap<PeerIdentity, Known>>()

  /** @param roots the public roots; read at the first use, because there are many */
  constructor (roots: () => PublicRoots) {
    this.#roots = roots
  }

  forecast (identity: PeerIdentity, snapshot: CredentialSnapshot, now: number): ClientAuthForecast {
    const { origin, clientAuth, lackedBy } = this.#know(identity, snapshot)
    const { notBefore, notAfter } = identity
    return forecastOf(origin, { clientAuth, lackedBy, notBefore, notAfter, now })
  }

  /** For a trusted CA: when certificates below it lose clientAuth. */
  forecastAuthority (ca: PeerIdentity, snapshot: CredentialSnapshot, now: number): ClientAuthForecast {
    const { origin, clientAuth, lackedBy } = this.#know(ca, snapshot)
    return forecastOf(origin, { clientAuth, lackedBy, notAfter: ca.notAfter, now, isAuthority: true })
  }

  /** For a client that was refused because it has no clientAuth. The log keeps only the issuer's name. */
  forecastRefused (issuer: string | undefined, snapshot: CredentialSnapshot, now: number): ClientAuthForecast {
    const { anchors, candidates } = snapshot
    const origin = findOriginByName(readName(issuer), [...anchors, ...candidates], this.#roots())
    return forecastOf(origin, { clientAuth: false, notAfter: undefined, now })
  }

  #know (identity: PeerIdentity, snapshot: CredentialSnapshot): Known {
    let own = this.#known.get(snapshot)
    if (own === undefined) this.#known.set(snapshot, own = new WeakMap())
    let known = own.get(identity)
    if (known === undefined) own.set(identity, known = this.#find(identity, snapshot))
    return known
  }

  #find (identity: PeerIdentity, { anchors, candidates }: CredentialSnapshot): Known {
    const authorities = [...identity.chain ?? [], ...anchors, ...candidates]
    const roots = this.#roots()
    const origin = viewDer(identity) === undefined
      ? findOriginByName(identity.issuer, authorities, roots)
      : findOrigin(identity, authorities, roots)
    // A gateway may forward a certificate without its purposes.
    const isSaid = viewDer(identity) !== undefined || identity.extendedKeyUsage !== undefined
    return { origin, ...(isSaid ? readClientAuth(identity, origin) : { clientAuth: undefined, lackedBy: undefined }) }
  }
}

function readName (text: string | undefined): DistinguishedName | undefined {
  try {
    return text === undefined ? undefined : parseDistinguishedName(text)
  } catch {
    // The log clips long names at any position.
    return undefined
  }
}

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
