import { scheduleTimer } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'

/** Milliseconds before an object is asked for again, where the server says nothing. Doubles each time. */
const FIRST_WAIT = 200
const LONGEST_WAIT = 5_000
/** The longest wait that a server may ask for between two looks. The signal limits the time of the whole call. */
const LONGEST_ASKED = 60_000
/** What is waited at least, after the first looks, if a server says less. */
const SHORTEST_ASKED = 1_000
/** Looks at one object. A server that says `processing` for ever must not be asked for ever. */
const MOST_LOOKS = 60

/** One look at an object of the server. */
export interface Look<Value> {
  /** Undefined: it is not there yet. */
  readonly value: Value | undefined
  /** How long the server asks us to wait, in milliseconds. */
  readonly retryAfter: number | undefined
}

/** How an object is looked at. */
export interface PollOptions {
  /** What is looked at, for the error: `the order`. */
  readonly what: string
  readonly signal: AbortSignal
  /** Waits some milliseconds. Default: by timers of Node. */
  readonly wait?: (delay: number, signal: AbortSignal) => Promise<void>
}

/**
 * Looks until there is a value.
 *
 * @throws IssuerError if it takes too many looks, the error of `look`, or the reason of the signal
 */
export async function poll<Value> (
  look: () => Promise<Look<Value>>, { what, signal, wait = pause }: PollOptions
): Promise<Value> {
  for (let count = 1; count <= MOST_LOOKS; count += 1) {
    const { value, retryAfter } = await look()
    if (value !== undefined) return value
    // A server that says zero is not asked without a pause.
    const least = Math.min(waitAfter(count), SHORTEST_ASKED)
    const asked = retryAfter === undefined ? waitAfter(count) : Math.min(Math.max(retryAfter, least), LONGEST_ASKED)
    await wait(asked, signal)
  }
  throw new IssuerError('answer', `${what} did not come to an end within ${MOST_LOOKS} looks`)
}

/** Milliseconds to wait after so many looks. */
export function waitAfter (looks: number): number { return Math.min(FIRST_WAIT * 2 ** (looks - 1), LONGEST_WAIT) }

/** Waits. @throws the reason of the signal */
export async function pause (delay: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = (): void => { reject(signal.reason) }
  signal.addEventListener('abort', stop, { once: true })
  const cancel = scheduleTimer(resolve, delay)
  try {
    await promise
  } finally {
    cancel()
    signal.removeEventListener('abort', stop)
  }
}
