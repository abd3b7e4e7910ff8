import { UsageError } from './usage-error.ts'

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const NAMES: ReadonlyArray<readonly [number, string]> = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second']
]

/** Parses `90s`, `30m`, `12h`, `7d` or `2w` to milliseconds. @throws UsageError with the option */
export function readDuration (text: string, option: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)([smhdw])$/.exec(text) ?? []
  const duration = Number(number) * (UNITS[unit] ?? NaN)
  if (!(duration > 0)) {
    throw new UsageError(`--${option} is ${JSON.stringify(text)}; expected a duration such as 90s, 30m, 12h, 7d or 2w`)
  }
  return duration
}

/** A span in its largest unit, rounded down: `6 days`, `1 hour`. */
export function describeSpan (milliseconds: number): string {
  const [size, name] = NAMES.find(([least]) => milliseconds >= least) ?? [1000, 'second']
  const count = Math.floor(milliseconds / size)
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

/**
 * Describes a validity period: `expires in 6 days`, `expired 2 hours ago`, `becomes valid in 1 day`.
 *
 * @param end the first moment after the period; for a certificate `endOfValidity`
 */
export function describePeriod (notBefore: number | undefined, end: number, now: number): string {
  if (notBefore !== undefined && notBefore > now) return `becomes valid in ${describeSpan(notBefore - now)}`
  return now < end ? `expires in ${describeSpan(end - now)}` : `expired ${describeSpan(now - end)} ago`
}

/** `2026-01-31T12:00:00Z` */
export function describeMoment (time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z')
}
