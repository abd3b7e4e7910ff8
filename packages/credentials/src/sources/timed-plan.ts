import type { PeerIdentity } from '@peerkit/identity'
import { count, duration, func, wrongValue } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { CredentialsOptionError } from '../errors.ts'
import type { CheckOptions, GivenMaterial } from '../material/material.ts'
import type { CertificateStore } from '../store/certificate-store.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'

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

/** What was fetched, and optionally the milliseconds until the next fetch. */
export interface Fetched {
  readonly material: GivenMaterial
  readonly refreshAfter: number | undefined
  /** When the issuer wants it to be renewed, in milliseconds since the epoch. */
  readonly renewAt?: number | undefined
  /** What is stored of it. Undefined: nothing is. */
  readonly text?: string | undefined
  /** Whether it was stored, and nobody was asked. Default false. */
  readonly isStored?: boolean | undefined
}

/** The store of what is fetched. */
export interface Stored {
  readonly store: CertificateStore
  /** Reads what is stored. Undefined: it was stored for something else. @throws if it cannot be read */
  read (text: string, signal: AbortSignal): Promise<Fetched | undefined>
  /** Whether a certificate is due for renewal. `now` is in milliseconds since the epoch. */
  isDue (certificate: PeerIdentity, fetched: Fetched, now: number): boolean
}

/** What a fetch is called with. */
export interface FetchQuestion { readonly signal: AbortSignal, readonly previous: CredentialSnapshot | undefined }

/** When a source is fetched again, and how. */
export interface Timing {
  readonly clock: Clock
  readonly timeout: number
  readonly retry: { readonly first: number, readonly longest: number }
  readonly attempts: number
  readonly random: () => number
}

/** When to fetch next: at a moment of the clock, in milliseconds since the epoch, or after a pause in milliseconds. */
export type NextFetch = { readonly at: number } | { readonly after: number }

/** Where material comes from, and when the next one is due. */
export interface TimedPlan {
  /** What is called, for errors and the status: `issuer`. */
  readonly what: string
  /** What it is in particular. Undefined if it does not say. */
  readonly name: string | undefined
  /** Calls the provider or the issuer. */
  readonly fetch: (question: FetchQuestion) => Promise<Fetched>
  /** When to fetch again after `snapshot`. */
  readonly next: (snapshot: CredentialSnapshot, fetched: Fetched, timing: Timing) => NextFetch
  /** Undefined: each start fetches, and each instance. */
  readonly stored: Stored | undefined
}

/** A plan, and the options of the source. */
export interface Timed extends TimedPlan {
  readonly timing: Timing
  readonly checkOptions: CheckOptions
}

/** Fills in the defaults of options. @throws CredentialsOptionError */
export function readTiming (options: TimedOptions & Pick<CheckOptions, 'clock'>): Timing {
  const { timeout = 10_000, retryFirst: first = 1_000, attempts = 3, random = Math.random } = options
  const { retryLongest: longest = Math.max(60_000, first), clock = SYSTEM_CLOCK } = options
  if (longest < first) {
    throw wrongValue(CredentialsOptionError, 'retryLongest', longest, `at least retryFirst, ${first}`)
  }
  return { clock, timeout, retry: { first, longest }, attempts, random }
}
