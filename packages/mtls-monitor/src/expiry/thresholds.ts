import { MTLS_ERR_MONITOR_OPTION } from '../errors.ts'

/** How long before its end something is worth a word: `30d`, `12h`, `30m`, or a share of its life, `1/3`. */
export type Threshold = `${number}${'d' | 'h' | 'm'}` | `${number}/${number}`

export const DEFAULT_THRESHOLDS: readonly Threshold[] = Object.freeze(['30d', '7d', '1d', '1/5', '1/20'])

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 }

interface Parsed { readonly text: string, readonly span: number | undefined, readonly share: number | undefined }

/** A threshold of one certificate. */
export interface Boundary { readonly threshold: string, /** Milliseconds since the epoch. */ readonly at: number }

/** Turns thresholds into the boundaries of a life, from `notBefore` to its end: the earliest first, the end itself last. */
export type BoundariesOf = (notBefore: number | undefined, end: number) => readonly Boundary[]

/**
 * Spans are for what lives long, shares for what lives short: a span counts where it is less than a third of the life, and shares count where no span does. A certificate of a day is
 * not about to end for all its life, and one of 90 days that is renewed 30 days before its end warns of nothing. Throws MTLS_ERR_MONITOR_OPTION.
 */
export function compileThresholds (thresholds: readonly Threshold[]): BoundariesOf {
  if (!Array.isArray(thresholds)) throw new MTLS_ERR_MONITOR_OPTION(`expiry.thresholds is ${typeof thresholds}; expected a list such as ["30d", "1/5"]`)
  const parsed = thresholds.map(parse)
  return (notBefore, end) => {
    const life = notBefore === undefined ? Infinity : end - notBefore
    const spans = parsed.filter(({ span }) => span !== undefined && span < life / 3).map(({ text, span }) => ({ threshold: text, at: end - (span as number) }))
    const shares = spans.length > 0 || life === Infinity ? [] : parsed.filter(({ share }) => share !== undefined).map(({ text, share }) => ({ threshold: text, at: end - life * (share as number) }))
    return [...spans, ...shares].sort((a, b) => a.at - b.at).concat({ threshold: '0', at: end })
  }
}

function parse (text: unknown, index: number): Parsed {
  const [, count, unit, part, whole] = /^(?:(\d+(?:\.\d+)?)([dhm])|(\d+)\/(\d+))$/.exec(String(text)) ?? []
  const span = unit === undefined ? undefined : Number(count) * (UNITS[unit] as number)
  const share = part === undefined ? undefined : Number(part) / Number(whole)
  if ((span ?? share ?? 0) > 0 && (share ?? 0) < 1) return { text: String(text), span, share }
  throw new MTLS_ERR_MONITOR_OPTION(`expiry.thresholds[${index}] is ${JSON.stringify(text)}; expected a span such as "30d", "12h", "30m", or a share of the life such as "1/5"`)
}
