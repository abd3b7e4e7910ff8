import { createHash } from 'node:crypto'

/** Says what certificates are asked for: a text that differs if one of the parts does. */
export function idOf (...parts: readonly unknown[]): string {
  // A part that is undefined must not look like the next one.
  const text = JSON.stringify(parts.map((part) => part ?? null))
  return createHash('sha256').update(text).digest('hex')
}
