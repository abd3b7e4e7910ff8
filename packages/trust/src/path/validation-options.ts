import { anything, choice, clock, count, flag } from '@peerkit/identity/internal'
import type { OptionType, OptionTypes } from '@peerkit/identity/internal'
import { readAlgorithmPolicy } from '../certificate/algorithm-policy.ts'
import type { AlgorithmPolicy, Algorithms } from '../certificate/algorithm-policy.ts'
import type { Purpose } from '../certificate/find-flaw.ts'
import { readPolicies } from '../policies/policy-state.ts'
import type { PathPolicies, PolicyInputs } from '../policies/policy-state.ts'
import { readLimits } from './limits.ts'
import type { Limits, PathLimits } from './limits.ts'

/** How paths are validated: the options that `createTrustEvaluator` and `createPathValidator` share. */
export interface ValidationOptions {
  /** The purpose of leaf certificates. Default `clientAuth`. */
  readonly purpose?: Purpose
  /** Certificate policies (RFC 5280 section 6.1.1). Default: any. */
  readonly policies?: PathPolicies
  /** Accepted signatures and keys. Default: what a TLS handshake of Node accepts. */
  readonly algorithms?: AlgorithmPolicy
  /** Whether to refuse a path if `lintCertificate` finds a fault in any of its certificates. Default false. */
  readonly strict?: boolean
  /** How much work one decision may take. */
  readonly limits?: PathLimits
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/** Checked {@link ValidationOptions}. */
export interface ValidationSettings {
  readonly purpose: Purpose
  readonly policies: PolicyInputs
  readonly algorithms: Algorithms
  readonly strict: boolean
  readonly limits: Limits
  readonly now: () => number
}

export const VALIDATION_TYPES: OptionTypes<ValidationOptions> = {
  purpose: choice('clientAuth', 'serverAuth', 'any'),
  policies: anything,
  algorithms: anything,
  strict: flag,
  limits: anything,
  now: clock
}

/** The size of a cache. Memory for as many entries is taken at once. */
export const CACHE_SIZE: OptionType = count({ most: 1_000_000 })

/** The default of `cacheBytes`. */
export const CACHE_BYTES: number = 128 * 1024 * 1024

/**
 * Reads options whose own types were checked.
 *
 * @throws PathOptionError if something inside of `policies`, `algorithms` or `limits` is wrong
 */
export function readValidationOptions (
  { purpose = 'clientAuth', policies, algorithms, strict = false, limits, now = Date.now }: ValidationOptions
): ValidationSettings {
  return {
    purpose,
    policies: readPolicies(policies),
    algorithms: readAlgorithmPolicy(algorithms),
    strict,
    limits: readLimits(limits),
    now
  }
}
