/** Longer than any field that an operator reads at a glance. What peers send is kept no longer than this. */
const MAX_TEXT = 300

/** A text of bounded length; undefined for what is no text. */
export function clip (value: unknown, length: number = MAX_TEXT): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value !== 'string') return undefined
  return value.length <= length ? value : `${value.slice(0, length - 1)}…`
}
