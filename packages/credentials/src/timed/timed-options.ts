import { MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import { checkDuration, show } from '../option-check.ts'

/** How somebody else is asked. */
export interface TimedOptions {
  /** How long an answer may take, in milliseconds. Default 10,000. */
  readonly timeout?: number | undefined
  /** The wait before the first repetition of a question that failed, in milliseconds; it doubles each time. Default 1,000. */
  readonly retryFirst?: number | undefined
  /** The longest wait between repetitions, in milliseconds. Default 60,000. */
  readonly retryLongest?: number | undefined
  /** How often to ask at the start before giving up. Default 3. */
  readonly attempts?: number | undefined
  /** Source of jitter, from 0 up to 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

export const TIMED_OPTIONS: readonly string[] = ['timeout', 'retryFirst', 'retryLongest', 'attempts', 'random']

export interface ReadTimedOptions {
  readonly timeout: number
  readonly retry: { readonly first: number, readonly longest: number }
  readonly attempts: number
  readonly random: () => number
}

/** @throws MTLS_ERR_CREDENTIALS_OPTION */
export function readTimedOptions ({ timeout, retryFirst, retryLongest, attempts = 3, random = Math.random }: TimedOptions): ReadTimedOptions {
  if (!Number.isInteger(attempts) || attempts < 1) throw new MTLS_ERR_CREDENTIALS_OPTION(`attempts is ${show(attempts)}; expected a whole number from 1 up`)
  if (typeof random !== 'function') throw new MTLS_ERR_CREDENTIALS_OPTION(`random is ${show(random)}; expected a function`)
  const first = checkDuration(retryFirst, 1_000, 'retryFirst')
  const longest = checkDuration(retryLongest, Math.max(60_000, first), 'retryLongest')
  if (longest < first) throw new MTLS_ERR_CREDENTIALS_OPTION(`retryLongest is ${longest}; expected at least retryFirst, ${first}`)
  return { timeout: checkDuration(timeout, 10_000, 'timeout'), retry: { first, longest }, attempts, random }
}
