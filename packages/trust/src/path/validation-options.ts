import { isObjectIdentifier } from '@peerkit/identity'
import {
  anything, choice, clock, count, defineOptions, flag, func, list, methods, required, span, valueOf
} from '@peerkit/identity/internal'
import type { OptionType } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { readAlgorithmPolicy } from '../certificate/algorithm-policy.ts'
import type { AlgorithmPolicy, Algorithms } from '../certificate/algorithm-policy.ts'
import type { Purpose } from '../certificate/find-flaw.ts'
import { PathOptionError } from '../errors.ts'
import { ANY_POLICY } from '../policies/policy-state.ts'
import type { PolicyInputs } from '../policies/policy-state.ts'
import { readLimits } from './limits.ts'
import type { Limits, PathLimits } from './limits.ts'

/** The inputs of RFC 5280 section 6.1.1 about certificate policies. */
export interface PathPolicies {
  /** user-initial-policy-set: at least one OID. Default: any policy. */
  readonly accepted?: readonly string[]
  /** initial-explicit-policy: requires a policy, one of `accepted` if given. Default: whether `accepted` is given. */
  readonly requireExplicit?: boolean
  /** initial-policy-mapping-inhibit: ignores policy mappings of CAs. Default false. */
  readonly inhibitMapping?: boolean
  /** initial-any-policy-inhibit: anyPolicy does not match other policies. Default false. */
  readonly inhibitAny?: boolean
}

/** Options of `createPathValidator`. */
export interface PathValidatorOptions {
  /** The trust anchors in DER. Called again when `generation` changes; without `generation`, every time. */
  readonly anchors: () => readonly Uint8Array[]
  /** A number that changes whenever `anchors` would return something else. */
  readonly generation?: () => number
  /** The purpose of the leaf. Default `clientAuth`. */
  readonly purpose?: Purpose
  /** Checks the leaf and every intermediate of a path that is otherwise valid. Default: none. */
  readonly revocation?: RevocationChecker
  /** Certificate policies (RFC 5280 section 6.1.1). Default: any. */
  readonly policies?: PathPolicies
  /** Accepted signatures and keys. Default: what a TLS handshake of Node accepts. */
  readonly algorithms?: AlgorithmPolicy
  /** Whether to refuse a path if `lintCertificate` finds a fault in any of its certificates. Default false. */
  readonly strict?: boolean
  /** How much work one validation may take. */
  readonly limits?: PathLimits
  /** How many acceptances, and how many refusals, are cached. Default 10,000; 0 disables the cache. */
  readonly cacheSize?: number
  /** How long a refusal is cached, in milliseconds. Default 10,000. */
  readonly negativeTtl?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface Settings {
  readonly anchors: () => readonly Uint8Array[]
  readonly generation: (() => number) | undefined
  readonly purpose: Purpose
  readonly revocation: RevocationChecker | undefined
  readonly policies: PolicyInputs
  readonly algorithms: Algorithms
  readonly strict: boolean
  readonly limits: Limits
  readonly cacheSize: number
  readonly negativeTtl: number
  readonly now: () => number
}

/** Memory for as many entries is taken at once. */
export const MAX_CACHE_SIZE = 1_000_000

export const PURPOSE: OptionType = choice('clientAuth', 'serverAuth', 'any')

const OPTIONS = defineOptions<PathValidatorOptions>('createPathValidator', PathOptionError, {
  anchors: required(func()),
  generation: func(),
  purpose: PURPOSE,
  revocation: methods(['check', 'permits']),
  policies: anything,
  algorithms: anything,
  strict: flag,
  limits: anything,
  cacheSize: count({ most: MAX_CACHE_SIZE }),
  negativeTtl: span(0),
  now: clock
})
const OID = valueOf('an OID in dotted decimals', (oid) => typeof oid === 'string' && isObjectIdentifier(oid))
const POLICIES = defineOptions<PathPolicies>('policies', PathOptionError, {
  accepted: list('at least one OID', OID, 1),
  requireExplicit: flag,
  inhibitMapping: flag,
  inhibitAny: flag
})

/** @throws PathOptionError */
export function readOptions (options: PathValidatorOptions): Settings {
  OPTIONS.check(options)
  const { anchors, generation, purpose = 'clientAuth', revocation, policies = {}, strict = false } = options
  const { cacheSize = 10_000, negativeTtl = 10_000, now = Date.now } = options
  return {
    anchors,
    generation,
    purpose,
    revocation,
    policies: readPolicies(policies),
    algorithms: readAlgorithmPolicy(options.algorithms),
    strict,
    limits: readLimits(options.limits),
    cacheSize,
    negativeTtl,
    now
  }
}

/** @throws PathOptionError */
export function readPolicies (policies: PathPolicies): PolicyInputs {
  POLICIES.check(policies, 'policies')
  const { accepted, requireExplicit = accepted !== undefined, inhibitMapping = false, inhibitAny = false } = policies
  const isAny = accepted === undefined || accepted.includes(ANY_POLICY)
  return Object.freeze({
    accepted: isAny ? undefined : new Set(accepted), requireExplicit, inhibitMapping, inhibitAny
  })
}
