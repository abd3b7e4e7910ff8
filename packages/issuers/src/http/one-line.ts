/** What would break a line of a log, move the cursor of a terminal, or turn the direction in which text is read. */
const UNSAFE = /[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu
/** Several quoted texts fit. What an issuer sends may have megabytes. */
const MOST = 4_000

/** A text with what an issuer sent in it, as one line of bounded length. */
export function oneLine (text: string): string {
  const bounded = text.length > MOST ? `${text.slice(0, MOST - 1).replace(/[\ud800-\udbff]$/, '')}…` : text
  return bounded.replace(UNSAFE, ' ').trim()
}
