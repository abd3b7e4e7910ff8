import { isObjectIdentifier } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import type { Purpose } from './certificate/find-flaw.ts'
import { readAlgorithmPolicy } from './certificate/algorithm-policy.ts'
import type { AlgorithmPolicy, Algorithms } from './certificate/algorithm-policy.ts'
import { MTLS_ERR_PATH_OPTION } from './errors.ts'
import { checkCount, checkFunction, checkKeys } from './option-check.ts'
import { readLimits } from './limits.ts'
import type { Limits, PathLimits } from './limits.ts'
import { ANY_POLICY } from './policies/policy-state.ts'
import type { PolicyInputs } from './policies/policy-state.ts'

/** The inputs of RFC 5280 section 6.1.1 that are about certificate policies. */
export interface PathPolicies {
  /** user-initial-policy-set: OIDs, at least one. Default: any policy. Naming some is not enough to require one of them: see `requireExplicit`. */
  readonly accepted?: readonly string[]
  /** initial-explicit-policy: a path is valid only with a policy, one of `accepted` where that is given. Default: true where `accepted` is given, else false. */
  readonly requireExplicit?: boolean
  /** initial-policy-mapping-inhibit: no CA may equate policies. Default false. */
  readonly inhibitMapping?: boolean
  /** initial-any-policy-inhibit: anyPolicy stands for none. Default false. */
  readonly inhibitAny?: boolean
}

export interface PathValidatorOptions {
  /** The trust anchors in force, each one certificate in DER. Asked again whenever `generation` moved; without `generation`, each time. */
  readonly anchors: () => readonly Uint8Array[]
  /** Moves whenever `anchors` would answer otherwise. */
  readonly generation?: () => number
  /** What the leaf is presented for. Default `clientAuth`. */
  readonly purpose?: Purpose
  /** Asked about the leaf and every intermediate of a path that is valid otherwise. */
  readonly revocation?: RevocationChecker
  readonly policies?: PathPolicies
  /** Which signatures and keys count. Default: what a TLS handshake accepts. */
  readonly algorithms?: AlgorithmPolicy
  /** Whether every certificate of a path has to be free of what `lintCertificate` finds, too. Default false: private PKIs rarely are. */
  readonly strict?: boolean
  readonly limits?: PathLimits
  /** Answers that are remembered, of those that say yes and of those that say no each. Default 10,000; 0 remembers none. */
  readonly maxRemembered?: number
  /** How long a no is remembered, in milliseconds. Default 10,000. */
  readonly refusedFor?: number
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
  readonly maxRemembered: number
  readonly refusedFor: number
  readonly now: () => number
}

const KNOWN = ['anchors', 'generation', 'purpose', 'revocation', 'policies', 'algorithms', 'strict', 'limits', 'maxRemembered', 'refusedFor', 'now']
const KNOWN_POLICIES = ['accepted', 'requireExplicit', 'inhibitMapping', 'inhibitAny']

/** @throws MTLS_ERR_PATH_OPTION */
export function readOptions (options: PathValidatorOptions): Settings {
  checkKeys(options, KNOWN, 'options')
  const { anchors, generation, purpose = 'clientAuth', revocation, policies = {}, strict = false, maxRemembered = 10_000, refusedFor = 10_000, now = Date.now } = options
  checkFunction(anchors, 'anchors')
  if (generation !== undefined) checkFunction(generation, 'generation')
  checkFunction(now, 'now')
  checkPurpose(purpose)
  if (revocation !== undefined) for (const method of ['check', 'permits'] as const) checkFunction(revocation?.[method], `revocation.${method}`)
  if (typeof strict !== 'boolean') throw new MTLS_ERR_PATH_OPTION(`strict is ${String(strict)}; expected true or false`)
  checkCount(maxRemembered, 'maxRemembered')
  checkCount(refusedFor, 'refusedFor')
  return { anchors, generation, purpose, revocation, policies: readPolicies(policies), algorithms: readAlgorithmPolicy(options.algorithms), strict, limits: readLimits(options.limits), maxRemembered, refusedFor, now }
}

/** @throws MTLS_ERR_PATH_OPTION */
export function checkPurpose (purpose: unknown): void {
  if (!['clientAuth', 'serverAuth', 'any'].includes(purpose as string)) throw new MTLS_ERR_PATH_OPTION(`purpose is ${JSON.stringify(purpose)}; expected "clientAuth", "serverAuth" or "any"`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function readPolicies (policies: PathPolicies): PolicyInputs {
  checkKeys(policies, KNOWN_POLICIES, 'policies')
  const { accepted, requireExplicit = accepted !== undefined, inhibitMapping = false, inhibitAny = false } = policies
  for (const [name, value] of Object.entries({ requireExplicit, inhibitMapping, inhibitAny })) {
    if (typeof value !== 'boolean') throw new MTLS_ERR_PATH_OPTION(`policies.${name} is ${String(value)}; expected true or false`)
  }
  if (accepted !== undefined && (!Array.isArray(accepted) || accepted.length === 0)) throw new MTLS_ERR_PATH_OPTION('policies.accepted is not a list of at least one OID')
  for (const policy of accepted ?? []) {
    if (typeof policy !== 'string' || !isObjectIdentifier(policy)) throw new MTLS_ERR_PATH_OPTION(`policies.accepted holds ${JSON.stringify(policy)}; expected an OID in dotted decimals`)
  }
  return Object.freeze({ accepted: accepted === undefined || accepted.includes(ANY_POLICY) ? undefined : new Set(accepted), requireExplicit, inhibitMapping, inhibitAny })
}
