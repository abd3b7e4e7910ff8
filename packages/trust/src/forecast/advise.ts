import type { ClientAuthForecast } from './forecast-client-auth.ts'
import type { CertificateUse } from './needs-action.ts'

/** What to do about a certificate. */
export interface Advice {
  readonly text: string
  /** How to bridge the time; undefined where there is nothing to bridge, or where it is bridged already. */
  readonly remark: string | undefined
}

export interface AdviceQuestion {
  readonly forecast: ClientAuthForecast
  readonly use: CertificateUse
  /** Whether who asks can replace the certificate, or has to ask its owner. */
  readonly isOwn: boolean
  /**
   * Until when `serverAuthOnly` of an authority accepts the client, or the clients of the CA, although they lack
   * clientAuth. In milliseconds since the epoch.
   */
  readonly acceptedUntil?: number | undefined
}

const BRIDGE = 'To bridge the time, give the authority serverAuthOnly: { acceptUntil: \'YYYY-MM-DD\' }; ' +
  'that needs bounds on its names.'

/**
 * `YYYY-MM-DD`
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
 * What to do; undefined where nothing is affected.
 *
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
  if (use === 'server') return { text: 'Nothing, while it is used for a server alone.', remark: undefined }
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

/** A private CA can issue certificates for clients, and did not. */
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
    '(to try it: peerkit ca init, peerkit cert issue). If it is a partner\'s, ask for that.'
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
