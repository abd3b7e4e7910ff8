/** The longest text from a peer that is kept. */
const MAX_TEXT = 300

/** A text of bounded length. Undefined for other values. */
export function clip (value: unknown, length: number = MAX_TEXT): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value !== 'string') return undefined
  return value.length <= length ? value : `${value.slice(0, length - 1)}…`
}
