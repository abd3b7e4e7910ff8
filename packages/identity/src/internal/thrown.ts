const UNREADABLE = 'an error that cannot be read'

/**
 * What an error says. Anything can be thrown, such as an object without a prototype, and the getters of an error may
 * throw themselves. Never throws.
 */
export function messageOf (error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return UNREADABLE
  }
}

/** The same with the stack, if there is one: for faults of the code. Never throws. */
export function stackOf (error: unknown): string {
  try {
    if (error instanceof Error && typeof error.stack === 'string') return error.stack
  } catch {
    // The message may be readable.
  }
  return messageOf(error)
}
