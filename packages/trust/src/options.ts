import { isObjectIdentifier } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import type { Purpose } from './certificate/find-flaw.ts'
import { readAlgorithmPolicy } from './certificate/algorithm-policy.ts'
import type { AlgorithmPolicy, Algorithms } from './certificate/algorithm-policy.ts'
import { MTLS_ERR_PATH_OPTION } from './errors.ts'
import { checkCount, checkFunction, checkKeys, describeType } from './option-check.ts'
import { readLimits } from './limits.ts'
import type { Limits, PathLimits } from './limits.ts'
import { ANY_POLICY } from './policies/policy-state.ts'
import type { PolicyInputs } from './policies/policy-state.ts'

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

const KNOWN = [
  'anchors', 'generation', 'purpose', 'revocation', 'policies', 'algorithms', 'strict', 'limits', 'cacheSize',
  'negativeTtl', 'now'
]
const KNOWN_POLICIES = ['accepted', 'requireExplicit', 'inhibitMapping', 'inhibitAny']

/** @throws MTLS_ERR_PATH_OPTION */
export function readOptions (options: PathValidatorOptions): Settings {
  checkKeys(options, KNOWN, 'options')
  const { anchors, generation, purpose = 'clientAuth', revocation, policies = {}, strict = false } = options
  const { cacheSize = 10_000, negativeTtl = 10_000, now = Date.now } = options
  checkFunction(anchors, 'anchors')
  if (generation !== undefined) checkFunction(generation, 'generation')
  checkFunction(now, 'now')
  checkPurpose(purpose)
  if (revocation !== undefined) {
    for (const method of ['check', 'permits'] as const) checkFunction(revocation?.[method], `revocation.${method}`)
  }
  if (typeof strict !== 'boolean') {
    throw new MTLS_ERR_PATH_OPTION(`strict is ${String(strict)}; expected true or false`)
  }
  checkCount(cacheSize, 'cacheSize')
  checkCount(negativeTtl, 'negativeTtl')
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

/** @throws MTLS_ERR_PATH_OPTION */
export function checkPurpose (purpose: unknown): void {
  if (['clientAuth', 'serverAuth', 'any'].includes(purpose as string)) return
  const expected = '"clientAuth", "serverAuth" or "any"'
  throw new MTLS_ERR_PATH_OPTION(`purpose is ${JSON.stringify(purpose)}; expected ${expected}`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function readPolicies (policies: PathPolicies): PolicyInputs {
  checkKeys(policies, KNOWN_POLICIES, 'policies')
  const { accepted, requireExplicit = accepted !== undefined, inhibitMapping = false, inhibitAny = false } = policies
  for (const [name, value] of Object.entries({ requireExplicit, inhibitMapping, inhibitAny })) {
    if (typeof value !== 'boolean') {
      throw new MTLS_ERR_PATH_OPTION(`policies.${name} is ${String(value)}; expected true or false`)
    }
  }
  if (accepted !== undefined && (!Array.isArray(accepted) || accepted.length === 0)) {
    const found = Array.isArray(accepted) ? 'an empty list' : describeType(accepted)
    throw new MTLS_ERR_PATH_OPTION(`policies.accepted is ${found}; expected a list of at least one OID`)
  }
  for (const policy of accepted ?? []) {
    if (typeof policy === 'string' && isObjectIdentifier(policy)) continue
    const found = `policies.accepted has ${JSON.stringify(policy)}`
    throw new MTLS_ERR_PATH_OPTION(`${found}; expected OIDs in dotted decimals`)
  }
  const isAny = accepted === undefined || accepted.includes(ANY_POLICY)
  return Object.freeze({
    accepted: isAny ? undefined : new Set(accepted), requireExplicit, inhibitMapping, inhibitAny
  })
}
