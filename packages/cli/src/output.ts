// Text of certificates, servers and file names may come from an attacker. Control characters could rewrite the terminal
// (CWE-150), line ends could forge a line of output, and bidirectional overrides could reverse a name (CVE-2021-42574).
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g
const MAX_SHOWN = 512

/** Makes foreign text safe for a terminal: one line, bounded length, invisible characters as `\u{…}`. */
export function shown (text: string): string {
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text
  return cut.replace(UNSAFE, (unsafe) => `\\u{${unsafe.charCodeAt(0).toString(16)}}`)
}

/** Data as JSON of several lines, with the same characters escaped in JSON syntax. */
export function shownJson (value: unknown): string {
  // The line ends are those of the layout. JSON itself escapes those in values.
  return JSON.stringify(value, null, 2).replace(UNSAFE, (unsafe) => unsafe === '\n'
    ? unsafe
    : `\\u${unsafe.charCodeAt(0).toString(16).padStart(4, '0')}`) + '\n'
}

/** A label and its value, or a list of values. */
export type Row = readonly [label: string, value: string | readonly string[] | undefined]

/** Lines of the form ` label value`. Values are made safe. Undefined ones are omitted. A list has a line per value. */
export function shownRows (rows: readonly Row[]): string {
  const filled = rows.flatMap(([label, value]) => {
    const values = value === undefined ? [] : typeof value === 'string' ? [value] : value
    return values.map((one, index) => [index === 0 ? label : '', one] as const)
  })
  const width = Math.max(0, ...filled.map(([label]) => label.length))
  return filled.map(([label, value]) => `  ${label.padEnd(width)}  ${shown(value)}\n`).join('')
}

const NAMES: ReadonlyArray<readonly [number, string]> = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second']
]

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
