import {
  anything, checkOption, clock, count, defineOptions, flag, func, methods, required, valueOf
} from '@peerkit/identity/internal'
import type { BlockList } from '../authority/block-list.ts'
import type { Authority } from '../authority/load-authority.ts'
import { readAlgorithmPolicy } from '../certificate/algorithm-policy.ts'
import type { AlgorithmPolicy, Algorithms } from '../certificate/algorithm-policy.ts'
import type { Purpose } from '../certificate/find-flaw.ts'
import { PathOptionError } from '../errors.ts'
import { readLimits } from '../path/limits.ts'
import type { Limits, PathLimits } from '../path/limits.ts'
import { MAX_CACHE_SIZE, PURPOSE, readPolicies } from '../path/validation-options.ts'
import type { PathPolicies } from '../path/validation-options.ts'
import type { PolicyInputs } from '../policies/policy-state.ts'

/** Options of `createTrustEvaluator`. */
export interface TrustEvaluatorOptions {
  /** The trusted authorities. The first that accepts a certificate decides. Called again when `version` changes. */
  readonly authorities: () => readonly Authority[]
  /** A number that changes whenever `authorities` would return something else. Default: constant. */
  readonly version?: () => number
  /** The purpose of leaf certificates. Default `clientAuth`. */
  readonly purpose?: Purpose
  /** Certificate policies (RFC 5280 section 6.1.1). Default: any. */
  readonly policies?: PathPolicies
  /** Accepted signatures and keys. Default: what a TLS handshake of Node accepts. */
  readonly algorithms?: AlgorithmPolicy
  /** Whether to refuse a path if `lintCertificate` finds a fault in any of its certificates. Default false. */
  readonly strict?: boolean
  /** A list of blocked certificates. It is searched for every certificate of a path. Default: none. */
  readonly block?: BlockList
  /** How much work one decision may take. */
  readonly limits?: PathLimits
  /** How many accepted leaves are cached. Default 10,000; 0 disables the cache. */
  readonly cacheSize?: number
  /** How many verified intermediates are cached. Default 1,000. */
  readonly maxIntermediates?: number
  /** Called when `learned` gets a new entry. It must not throw. */
  readonly onLearned?: () => void
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface EvaluatorSettings {
  readonly authorities: () => readonly Authority[]
  readonly version: () => number
  readonly purpose: Purpose
  readonly policies: PolicyInputs
  readonly algorithms: Algorithms
  readonly strict: boolean
  readonly block: BlockList | undefined
  readonly limits: Limits
  readonly cacheSize: number
  readonly maxIntermediates: number
  readonly onLearned: () => void
  readonly now: () => number
}

const OPTIONS = defineOptions<TrustEvaluatorOptions>('createTrustEvaluator', PathOptionError, {
  authorities: required(func()),
  version: func(),
  purpose: PURPOSE,
  policies: anything,
  algorithms: anything,
  strict: flag,
  block: methods(['find']),
  limits: anything,
  cacheSize: count({ most: MAX_CACHE_SIZE }),
  maxIntermediates: count(),
  onLearned: func(),
  now: clock
})
const VERSION = valueOf('a number', (version) => typeof version === 'number')

/** @throws PathOptionError */
export function readEvaluatorOptions (options: TrustEvaluatorOptions): EvaluatorSettings {
  OPTIONS.check(options)
  const { authorities, version = () => 0, purpose = 'clientAuth', strict = false, block, now = Date.now } = options
  const { cacheSize = 10_000, maxIntermediates = 1_000, onLearned = () => {} } = options
  if (block !== undefined) checkOption(block.version, required(VERSION), 'block.version', PathOptionError)
  return {
    authorities,
    version,
    purpose,
    policies: readPolicies(options.policies ?? {}),
    algorithms: readAlgorithmPolicy(options.algorithms),
    strict,
    block,
    limits: readLimits(options.limits),
    cacheSize,
    maxIntermediates,
    onLearned,
    now
  }
}
