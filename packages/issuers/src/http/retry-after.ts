/** The longest wait that an issuer may ask for. A wrong date must not stop renewal for years. */
const LONGEST = 24 * 3_600_000

/**
 * Reads the header Retry-After (RFC 9110 section 10.2.3): seconds, or a date.
 *
 * @returns milliseconds, at most one day; undefined if there is none or it cannot be read
 */
export function readRetryAfter (value: unknown, now: number): number | undefined {
  if (typeof value !== 'string') return undefined
  const wait = /^\d{1,10}$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LONGEST)
}
