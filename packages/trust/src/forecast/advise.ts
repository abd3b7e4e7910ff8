import type { ClientAuthForecast } from './forecast-client-auth.ts'

/** What a certificate is used for. `authority`: it is a trusted CA of clients. */
export type CertificateUse = 'client' | 'server' | 'unknown' | 'authority'

/** What to do about a certificate. */
export interface Advice {
  readonly text: string
  /** How to accept the client meanwhile; undefined if that is not needed, or configured already. */
  readonly remark: string | undefined
}

export interface AdviceQuestion {
  readonly forecast: ClientAuthForecast
  readonly use: CertificateUse
  /** Whether the reader can replace the certificate. Otherwise the advice is to ask its owner. */
  readonly isOwn: boolean
  /**
   * Until when `serverAuthOnly` of an authority accepts the client, or the clients of the CA, without clientAuth.
   * Milliseconds since the epoch.
   */
  readonly acceptedUntil?: number | undefined
}

const BRIDGE = 'To accept such clients until then, set serverAuthOnly: { acceptUntil: \'YYYY-MM-DD\' } ' +
  'of the authority. It requires bounds on its names.'

/**
 * Formats a day in UTC as `YYYY-MM-DD`.
 *
 * @param time milliseconds since the epoch
 *
 * @example
 * ```ts
 * console.log(describeDay(Date.UTC(2027, 2, 15))) // 2027-03-15
 * ```
 */
export function describeDay (time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/**
 * Advises what to do about a certificate that loses or lacks clientAuth.
 *
 * @param question the forecast and the use of the certificate
 * @param now milliseconds since the epoch
 * @returns the advice; undefined if the certificate is not affected
 * @example
 * ```ts
 * const root = await createDevCa({ subject: [{ type: 'O', value: 'DigiCert Inc' }] }) // in place of a public root
 * const leaf = parsePeerIdentity((await root.issue({ cn: 'orders' })).der)
 * const forecast = forecastClientAuth(leaf, { roots: readPublicRoots([root.der]) })
 * console.log(adviseClientAuth({ forecast, use: 'client', isOwn: false }, Date.now())?.text)
 * ```
 */
export function adviseClientAuth (question: AdviceQuestion, now: number): Advice | undefined {
  const { forecast, use, isOwn, acceptedUntil } = question
  if (forecast.state === 'not_affected') return adviseAccepted(use, acceptedUntil, now)
  if (use === 'server') return { text: 'Nothing, if only a server uses it.', remark: undefined }
  if (use === 'unknown' && forecast.state === 'lacks') {
    const text = 'Nothing, unless a client presents it: servers that check the purpose refuse it.'
    return { text, remark: undefined }
  }
  const before = describeDeadline(forecast, acceptedUntil, now)
  const adviseClient = isOwn ? adviseOwn : adviseOther
  const text = use === 'authority' ? adviseAuthority(forecast, acceptedUntil, now) : adviseClient(before)
  return {
    text: `${use === 'unknown' ? 'If a client presents it: ' : ''}${text}`,
    remark: acceptedUntil === undefined ? BRIDGE : undefined
  }
}

/** The certificate lacks clientAuth, but its private CA could issue one that has it. */
function adviseAccepted (use: CertificateUse, acceptedUntil: number | undefined, now: number): Advice | undefined {
  if (use !== 'client' || acceptedUntil === undefined) return undefined
  const text = `Ask the client for a certificate with clientAuth ${describeUntil(acceptedUntil, now)}.`
  return { text, remark: undefined }
}

function describeDeadline ({ loses }: ClientAuthForecast, acceptedUntil: number | undefined, now: number): string {
  if (acceptedUntil !== undefined) return describeUntil(acceptedUntil, now)
  if (loses === undefined) return 'now'
  return loses.at <= now ? 'before its next renewal' : `before ${describeDay(loses.at)}`
}

function describeUntil (acceptedUntil: number, now: number): string {
  return acceptedUntil <= now ? 'now' : `before ${describeDay(acceptedUntil)}`
}

function adviseOwn (before: string): string {
  return `Get the client's certificate from a private CA ${before} ` +
    '(to try it: peerkit ca init, peerkit cert issue). If the client belongs to a partner, ask the partner to do so.'
}

function adviseOther (before: string): string {
  return `Ask the client for a certificate from a private CA ${before}.`
}

function adviseAuthority ({ loses }: ClientAuthForecast, acceptedUntil: number | undefined, now: number): string {
  return `Trust a private CA for its clients: they ${describeRefusal(loses?.at, acceptedUntil, now)}.`
}

function describeRefusal (losesAt: number | undefined, acceptedUntil: number | undefined, now: number): string {
  if (acceptedUntil !== undefined && acceptedUntil > Math.max(now, losesAt ?? now)) {
    return `are accepted without clientAuth until ${describeDay(acceptedUntil)}`
  }
  if (losesAt === undefined) return 'are refused'
  return `are refused after their next renewal${losesAt <= now ? '' : ` from ${describeDay(losesAt)} on`}`
}

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
