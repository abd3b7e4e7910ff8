/** The longest text of a peer that is kept in a log line or on a page. */
const MAX_TEXT = 300
const MAX_ITEMS = 10

/**
 * A text of bounded length. Never cuts a surrogate pair in half, so that it stays well-formed. Anyone can publish on a
 * diagnostics channel: a number becomes a text, and other values undefined.
 */
export function clip (value: string, length?: number): string
export function clip (value: unknown, length?: number): string | undefined
export function clip (value: unknown, length: number = MAX_TEXT): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value !== 'string' || value.length <= length) return typeof value === 'string' ? value : undefined
  return `${value.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** A few texts of bounded length. */
export function clipAll (texts: readonly string[]): readonly string[] {
  const few = texts.slice(0, MAX_ITEMS).map((text) => clip(text))
  return texts.length > MAX_ITEMS ? [...few, `… ${texts.length - MAX_ITEMS} more`] : few
}

/** ISO 8601, UTC. Undefined for a time outside of the range of Date: a certificate may expire in such a year. */
export function iso (time: number): string | undefined {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** The network of an address, to count strangers by. For IPv6 the first 64 bits, because a host chooses the others. */
export function networkOf (address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.includes(':') && !address.includes('.') ? address.split(':').slice(0, 4).join(':') : address
}
