// What a certificate, a server or a file name says was chosen by others: a control character among it would rewrite the operator's terminal (CWE-150), a line end
// forge a line of ours, and a bidirectional override turn a name around (CVE-2021-42574).
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g
const MAX_SHOWN = 512

/** Foreign text for a terminal: on one line, of bounded length, what is invisible as `\u{…}`. */
export function shown (text: string): string {
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text
  return cut.replace(UNSAFE, (unsafe) => `\\u{${unsafe.charCodeAt(0).toString(16)}}`)
}

/** Data as JSON of several lines, with the same characters escaped as JSON does it. */
export function shownJson (value: unknown): string {
  // Line ends in the text are ours: those of values are escaped by JSON itself.
  return JSON.stringify(value, null, 2).replace(UNSAFE, (unsafe) => unsafe === '\n' ? unsafe : `\\u${unsafe.charCodeAt(0).toString(16).padStart(4, '0')}`) + '\n'
}

/** Labelled lines: `  label  value`. Values are made safe, those that are undefined left out, lists given one line each. */
export function shownRows (rows: ReadonlyArray<readonly [label: string, value: string | readonly string[] | undefined]>): string {
  const filled = rows.flatMap(([label, value]) => {
    const values = value === undefined ? [] : typeof value === 'string' ? [value] : value
    return values.map((one, index) => [index === 0 ? label : '', one] as const)
  })
  const width = Math.max(0, ...filled.map(([label]) => label.length))
  return filled.map(([label, value]) => `  ${label.padEnd(width)}  ${shown(value)}\n`).join('')
}
