import { count, duration, func, wrongValue } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import { MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'

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

export const TIMED_OPTIONS: OptionTypes<TimedOptions> = {
  timeout: duration(), retryFirst: duration(), retryLongest: duration(), attempts: count({ least: 1 }), random: func()
}

export interface ReadTimedOptions {
  readonly timeout: number
  readonly retry: { readonly first: number, readonly longest: number }
  readonly attempts: number
  readonly random: () => number
}

/** Fills in the defaults of options that were checked. @throws MTLS_ERR_CREDENTIALS_OPTION */
export function readTimedOptions (
  { timeout = 10_000, retryFirst: first = 1_000, retryLongest, attempts = 3, random = Math.random }: TimedOptions
): ReadTimedOptions {
  const longest = retryLongest ?? Math.max(60_000, first)
  if (longest < first) {
    throw wrongValue(MTLS_ERR_CREDENTIALS_OPTION, 'retryLongest', longest, `at least retryFirst, ${first}`)
  }
  return { timeout, retry: { first, longest }, attempts, random }
}
