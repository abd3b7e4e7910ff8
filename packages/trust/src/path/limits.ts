import { count, defineOptions } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import { PathOptionError } from '../errors.ts'

/**
 * How much work one decision may take. A chain that needs more is refused (`too_large`, `budget_exceeded`,
 * `path_length`).
 */
export interface PathLimits {
  /** Intermediates in a path, self-issued ones included. Default 8. */
  readonly maxDepth?: number
  /** Certificates sent with a leaf, used or not. Default 16. */
  readonly maxCertificates?: number
  /** Octets of the certificates sent; for `createPathValidator` including the leaf. Default 65,536. */
  readonly maxBytes?: number
  /** Octets of the leaf. Default 65,536. */
  readonly maxLeafBytes?: number
  /** Complete paths, from the leaf to an anchor. Default 64. */
  readonly maxPaths?: number
  /** Certificates tried as the next issuer while searching for paths. Default 256. */
  readonly maxSteps?: number
  /** Signatures verified. Default 12. Slow keys count two to four times, such as P-384, SLH-DSA and binary curves. */
  readonly maxSignatures?: number
  /** Comparisons of a name with a name constraint. A directory name counts once per RDN. Default 16,384. */
  readonly maxNameConstraintComparisons?: number
  /** Policies and policy mappings processed. Default 4,096. */
  readonly maxPolicies?: number
  /** Valid paths that are checked for revocation. Default 8. */
  readonly maxRevocationChecks?: number
}

export type Limits = Required<PathLimits>

const DEFAULTS: Limits = Object.freeze({
  maxDepth: 8,
  maxCertificates: 16,
  maxBytes: 65_536,
  maxLeafBytes: 65_536,
  maxPaths: 64,
  maxSteps: 256,
  maxSignatures: 12,
  maxNameConstraintComparisons: 16_384,
  maxPolicies: 4096,
  maxRevocationChecks: 8
})

const TYPES = Object.fromEntries(Object.keys(DEFAULTS).map((limit) => [limit, count()]))
const OPTIONS = defineOptions<PathLimits>('limits', PathOptionError, TYPES as unknown as OptionTypes<PathLimits>)

/** @throws PathOptionError */
export function readLimits (limits: PathLimits = {}): Limits {
  OPTIONS.check(limits, 'limits')
  const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
  return Object.freeze({ ...DEFAULTS, ...given })
}

type Spent = 'paths' | 'steps' | 'signatures' | 'comparisons' | 'policies' | 'revocation checks'

/** What is left of the limits during one decision. */
export class Budget {
  readonly #left: Record<Spent, number>
  /** The limit that was exceeded. */
  exhausted: Spent | undefined
  /** Whether a path went on beyond `maxDepth`. */
  tooDeep = false

  constructor (limits: Limits) {
    this.#left = {
      paths: limits.maxPaths,
      steps: limits.maxSteps,
      signatures: limits.maxSignatures,
      comparisons: limits.maxNameConstraintComparisons,
      policies: limits.maxPolicies,
      'revocation checks': limits.maxRevocationChecks
    }
  }

  /** Spends an amount. Returns false if less was left, and from then on always. */
  spend (what: Spent, amount = 1): boolean {
    if (this.exhausted === undefined && (this.#left[what] -= amount) < 0) this.exhausted = what
    return this.exhausted === undefined
  }
}
