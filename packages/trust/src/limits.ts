import { MTLS_ERR_PATH_OPTION } from './errors.ts'

/** How much one validation may take. A chain that needs more is refused (`too_large`, `budget_exceeded`, `path_length`), whatever it might have proved. */
export interface PathLimits {
  /** Intermediates in a path, self-issued ones included. Default 8. */
  readonly maxDepth?: number
  /** Intermediates sent along with a leaf, whether used or not. Default 16. */
  readonly maxCertificates?: number
  /** Octets of leaf and intermediates together. Default 65,536. */
  readonly maxBytes?: number
  /** Octets of the leaf. Default 65,536. */
  readonly maxLeafBytes?: number
  /** Whole paths, from leaf to an anchor, that are validated. Default 64. */
  readonly maxPaths?: number
  /** Certificates tried as the next issuer while paths are looked for. Default 256. */
  readonly maxSteps?: number
  /** Signatures verified. One by a slow key counts as two to four: P-521, brainpool, binary curves, RSA above 8,192 bits, SLH-DSA. Default 12. */
  readonly maxSignatures?: number
  /** Comparisons of a name with a name constraint; of a directory name with each RDN of one. Default 16,384. */
  readonly maxNameConstraintComparisons?: number
  /** Policies and mappings looked at. Default 4,096. */
  readonly maxPolicies?: number
  /** Valid paths that revocation is asked about. Default 8. */
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

/** @throws MTLS_ERR_PATH_OPTION */
export function readLimits (limits: PathLimits = {}): Limits {
  if (typeof limits !== 'object' || limits === null) throw new MTLS_ERR_PATH_OPTION(`limits is ${String(limits)}; expected an object`)
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULTS, name)) throw new MTLS_ERR_PATH_OPTION(`limits.${name} is not known; expected one of ${Object.keys(DEFAULTS).join(', ')}`)
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) throw new MTLS_ERR_PATH_OPTION(`limits.${name} is ${String(value)}; expected a whole number of at least 0`)
  }
  const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
  return Object.freeze({ ...DEFAULTS, ...given })
}

type Spent = 'paths' | 'steps' | 'signatures' | 'comparisons' | 'policies' | 'revocation checks'

/** What is left of the limits during one validation. */
export class Budget {
  readonly #left: Record<Spent, number>
  /** The limit that was met. */
  exhausted: Spent | undefined
  /** Whether there was a way on beyond `maxDepth`. */
  tooDeep = false

  constructor ({ maxPaths, maxSteps, maxSignatures, maxNameConstraintComparisons, maxPolicies, maxRevocationChecks }: Limits) {
    this.#left = { paths: maxPaths, steps: maxSteps, signatures: maxSignatures, comparisons: maxNameConstraintComparisons, policies: maxPolicies, 'revocation checks': maxRevocationChecks }
  }

  /** Whether there was as much left. Once it was not, nothing is. */
  spend (what: Spent, amount = 1): boolean {
    if (this.exhausted === undefined && (this.#left[what] -= amount) < 0) this.exhausted = what
    return this.exhausted === undefined
  }
}
