import type { BlockList } from './authority/block-list.ts'
import type { Authority } from './authority/load-authority.ts'
import { readAlgorithmPolicy } from './certificate/algorithm-policy.ts'
import type { AlgorithmPolicy, Algorithms } from './certificate/algorithm-policy.ts'
import type { Purpose } from './certificate/find-flaw.ts'
import { readLimits } from './limits.ts'
import type { Limits, PathLimits } from './limits.ts'
import { checkPurpose, readPolicies } from './options.ts'
import type { PathPolicies } from './options.ts'
import type { PolicyInputs } from './policies/policy-state.ts'
import { MTLS_ERR_PATH_OPTION } from './errors.ts'
import { checkCount, checkFunction, checkKeys, describeType } from './option-check.ts'

export interface TrustEvaluatorOptions {
  /** Who may vouch for certificates, the first that accepts decides. Asked again whenever `version` moved. */
  readonly authorities: () => readonly Authority[]
  /** Moves whenever `authorities` would answer otherwise. Default: they stay as they are. */
  readonly version?: () => number
  /** What leaves are presented for. Default `clientAuth`. */
  readonly purpose?: Purpose
  readonly policies?: PathPolicies
  /** Which signatures and keys count. Default: what a TLS handshake of Node accepts. */
  readonly algorithms?: AlgorithmPolicy
  /** Whether every certificate of a path has to be free of what `lintCertificate` finds, too. Default false. */
  readonly strict?: boolean
  /** Whom the operator keeps out: asked about every certificate of a path. */
  readonly block?: BlockList
  readonly limits?: PathLimits
  /** Accepted leaves that are remembered. Default 10,000; 0 remembers none. */
  readonly maxRemembered?: number
  /** Verified intermediates that are remembered. Default 1,000. */
  readonly maxIntermediates?: number
  /** Called when `learned` grows. It must not throw. */
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
  readonly maxRemembered: number
  readonly maxIntermediates: number
  readonly onLearned: () => void
  readonly now: () => number
}

const KNOWN = ['authorities', 'version', 'purpose', 'policies', 'algorithms', 'strict', 'block', 'limits', 'maxRemembered', 'maxIntermediates', 'onLearned', 'now']

function checkBlock (block: Partial<BlockList> | null): void {
  checkFunction(block?.find, 'block.find')
  if (typeof block?.version !== 'number') throw new MTLS_ERR_PATH_OPTION(`block.version is ${describeType(block?.version)}; expected a number`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function readEvaluatorOptions (options: TrustEvaluatorOptions): EvaluatorSettings {
  checkKeys(options, KNOWN, 'options')
  const { authorities, version = () => 0, purpose = 'clientAuth', strict = false, block, maxRemembered = 10_000, maxIntermediates = 1_000, onLearned = () => {}, now = Date.now } = options
  checkFunction(authorities, 'authorities')
  checkFunction(version, 'version')
  checkFunction(onLearned, 'onLearned')
  checkFunction(now, 'now')
  if (block !== undefined) checkBlock(block)
  checkPurpose(purpose)
  checkCount(maxRemembered, 'maxRemembered')
  checkCount(maxIntermediates, 'maxIntermediates')
  return {
    authorities,
    version,
    purpose,
    policies: readPolicies(options.policies ?? {}),
    algorithms: readAlgorithmPolicy(options.algorithms),
    strict,
    block,
    limits: readLimits(options.limits),
    maxRemembered,
    maxIntermediates,
    onLearned,
    now
  }
}
