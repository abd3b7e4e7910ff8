import { MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import { checkDuration, show } from '../option-check.ts'

/** How a provider or an issuer is called. */
export interface TimedOptions {
  /** Time limit of a call, in milliseconds. Default 10,000. */
  readonly timeout?: number | undefined
  /** Milliseconds before the first retry of a call that failed. Doubles with each retry. Default 1,000. */
  readonly retryFirst?: number | undefined
  /** The longest time between two retries, in milliseconds. Default 60,000. */
  readonly retryLongest?: number | undefined
  /** Number of calls at the start before the source gives up. Default 3. */
  readonly attempts?: number | undefined
  /** Returns random numbers from 0 up to 1, for jitter. Default `Math.random`. */
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
export function readTimedOptions (options: TimedOptions): ReadTimedOptions {
  const { timeout, retryFirst, retryLongest, attempts = 3, random = Math.random } = options
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`attempts is ${show(attempts)}; expected a whole number of at least 1`)
  }
  if (typeof random !== 'function') {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`random is ${show(random)}; expected a function`)
  }
  const first = checkDuration(retryFirst, 1_000, 'retryFirst')
  const longest = checkDuration(retryLongest, Math.max(60_000, first), 'retryLongest')
  if (longest < first) {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`retryLongest is ${longest}; expected at least retryFirst, ${first}`)
  }
  return { timeout: checkDuration(timeout, 10_000, 'timeout'), retry: { first, longest }, attempts, random }
}
