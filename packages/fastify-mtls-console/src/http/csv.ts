import { makeVisible } from '../page/html.ts'

export type CsvValue = string | number | boolean | undefined

export interface CsvTable {
  readonly columns: readonly string[]
  readonly rows: ReadonlyArray<readonly CsvValue[]>
}

/** The largest number of rows of a file. */
const MAX_ROWS = 20_000

/**
 * The characters with which a spreadsheet begins a formula, also in full width. Names in certificates are chosen by
 * strangers.
 */
const FORMULA = /^[=+\-@\uff1d\uff0b\uff0d\uff20]/

/** Writes a table as RFC 4180 says, with the byte order mark by which spreadsheets recognize UTF-8. */
export function writeCsv ({ columns, rows }: CsvTable): string {
  const left = rows.length - MAX_ROWS
  const last = left > 0 ? [[`${left} more rows: narrow the filter`]] : []
  const lines = [columns, ...rows.slice(0, MAX_ROWS), ...last].map((cells) => cells.map(writeCell).join(','))
  return `\ufeff${lines.join('\r\n')}\r\n`
}

function writeCell (value: CsvValue): string {
  const text = makeVisible(String(value ?? ''))
  const safe = typeof value === 'string' && FORMULA.test(text.trimStart()) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}
