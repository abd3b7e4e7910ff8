import type { ClientAuthForecast } from './forecast-client-auth.ts'
import type { ForecastRow } from './forecast-row.ts'

/** What to do about a row. */
export interface Advice {
  readonly text: string
  /** Remarks that hold for many rows alike. */
  readonly remarks: readonly string[]
}

const BRIDGE = 'To bridge the time, give the authority serverAuthOnly: { acceptUntil: \'YYYY-MM-DD\' }; ' +
  'that needs bounds on its names.'
const NAME_ALONE = 'Where an issuer is known by its name alone, its chain in --cert or its CA in --ca makes it sure.'

/** `YYYY-MM-DD` */
export function describeDay (time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** What to do; undefined where nothing is affected. */
export function advise ({ source, use, forecast }: ForecastRow, now: number): Advice | undefined {
  if (forecast.state === 'not_affected') return undefined
  if (use === 'server') return { text: 'Nothing, while it is used for a server alone.', remarks: [] }
  if (use === 'unknown' && forecast.state === 'lacks') {
    const text = 'Nothing, unless a client presents it: servers that check the purpose refuse it (see --use client).'
    return { text, remarks: [] }
  }
  const before = describeDeadline(forecast, now)
  const adviseClient = source === 'audit' ? adviseAudited : adviseOwn
  const text = use === 'authority' ? adviseAuthority(forecast, now) : adviseClient(before)
  return {
    text: `${use === 'unknown' ? 'If a client presents it: ' : ''}${text}`,
    remarks: forecast.evidence === 'issuer_name' ? [BRIDGE, NAME_ALONE] : [BRIDGE]
  }
}

function describeDeadline ({ loses }: ClientAuthForecast, now: number): string {
  if (loses === undefined) return 'now'
  return loses.at <= now ? 'before its next renewal' : `before ${describeDay(loses.at)}`
}

function adviseOwn (before: string): string {
  return `Get the client's certificate from a private CA ${before} ` +
    '(to try it: peerkit ca init, peerkit cert issue). If it is a partner\'s, ask for that.'
}

function adviseAudited (before: string): string {
  return `Ask the client for a certificate from a private CA ${before}.`
}

function adviseAuthority ({ loses }: ClientAuthForecast, now: number): string {
  const when = loses === undefined
    ? 'are refused'
    : `are refused after their next renewal${loses.at <= now ? '' : ` from ${describeDay(loses.at)} on`}`
  return `Trust a private CA for its clients: they ${when}.`
}
