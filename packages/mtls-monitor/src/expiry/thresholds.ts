import { checkOption, valueOf, wrongValue } from '@peerkit/identity/internal'
import { MonitorOptionError } from '../errors.ts'

/** When to warn: a span before the end (`30d`, `12h`, `30m`), or a share of the lifetime (`1/3`). */
export type Threshold = `${number}${'d' | 'h' | 'm'}` | `${number}/${number}`

export const DEFAULT_THRESHOLDS: readonly Threshold[] = Object.freeze(['30d', '7d', '1d', '1/5', '1/20'])

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 }

interface Parsed { readonly text: string, readonly span: number | undefined, readonly share: number | undefined }

/** A threshold of one certificate or CRL. */
export interface Boundary { readonly threshold: string, /** Milliseconds since the epoch. */ readonly at: number }

/** Computes the boundaries of a lifetime, sorted; the last one is the end. */
export type BoundariesOf = (notBefore: number | undefined, end: number) => readonly Boundary[]

const LIST = valueOf('a list such as ["30d", "1/5"]', Array.isArray)

/**
 * Spans are for long lifetimes, shares for short ones. A span applies if it is shorter than a third of the lifetime.
 * Shares apply if no span does. So a certificate of one day does not warn during its whole lifetime, and one of 90 days
 * that is renewed 30 days before its end does not warn at all.
 *
 * @throws MonitorOptionError if a threshold is wrong
 */
export function compileThresholds (thresholds: readonly Threshold[]): BoundariesOf {
  checkOption(thresholds, LIST, 'expiry.thresholds', MonitorOptionError)
  const parsed = thresholds.map(parse)
  return (notBefore, end) => {
    const life = notBefore === undefined ? Infinity : end - notBefore
    const spans = parsed.filter(({ span }) => span !== undefined && span < life / 3).map(({ text, span }) => ({
      threshold: text,
      at: end - (span as number)
    }))
    const shares = spans.length > 0 || life === Infinity
      ? []
      : parsed.filter(({ share }) => share !== undefined).map(({ text, share }) => ({
        threshold: text,
        at: end - life * (share as number)
      }))
    return [...spans, ...shares].sort((a, b) => a.at - b.at).concat({ threshold: '0', at: end })
  }
}

function parse (text: unknown, index: number): Parsed {
  const [, count, unit, part, whole] = /^(?:(\d+(?:\.\d+)?)([dhm])|(\d+)\/(\d+))$/.exec(String(text)) ?? []
  const span = unit === undefined ? undefined : Number(count) * (UNITS[unit] as number)
  const share = part === undefined ? undefined : Number(part) / Number(whole)
  if ((span ?? share ?? 0) > 0 && (share ?? 0) < 1) return { text: String(text), span, share }
  const expected = 'a span such as "30d", "12h", "30m", or a share of the lifetime such as "1/5"'
  throw wrongValue(MonitorOptionError, `expiry.thresholds[${index}]`, text, expected)
}
