const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/

/** What was expected instead of a text that is not a day. */
export function describeDay (found: unknown): string {
  const isWritten = typeof found === 'string' && DAY.test(found)
  return `a day such as "2027-03-15"${isWritten ? ` (there is no ${found})` : ''}`
}

/** A day at 00:00 UTC, in milliseconds since the epoch. Undefined if the text is not a day. */
export function readDay (text: unknown): number | undefined {
  const time = typeof text === 'string' && DAY.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  // Date.parse accepts 2027-02-31 as a day in March.
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text ? undefined : time
}
