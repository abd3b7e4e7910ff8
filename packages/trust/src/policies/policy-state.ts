import { isObjectIdentifier } from '@peerkit/identity'
import { defineOptions, flag, list, valueOf } from '@peerkit/identity/internal'
import type { Certificate } from '../certificate/certificate.ts'
import { PathOptionError } from '../errors.ts'
import type { PolicyMapping } from './read-policies.ts'

export const ANY_POLICY = '2.5.29.32.0'

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

/** Checked {@link PathPolicies}. */
export interface PolicyInputs {
  /** user-initial-policy-set; undefined means any-policy. */
  readonly accepted: ReadonlySet<string> | undefined
  readonly requireExplicit: boolean
  readonly inhibitMapping: boolean
  readonly inhibitAny: boolean
}

const OID = valueOf('an OID in dotted decimals', (oid) => typeof oid === 'string' && isObjectIdentifier(oid))
const POLICIES = defineOptions<PathPolicies>('policies', PathOptionError, {
  accepted: list('at least one OID', OID, 1),
  requireExplicit: flag,
  inhibitMapping: flag,
  inhibitAny: flag
})

/** @throws PathOptionError */
export function readPolicies (policies: PathPolicies = {}): PolicyInputs {
  POLICIES.check(policies, 'policies')
  const { accepted, requireExplicit = accepted !== undefined, inhibitMapping = false, inhibitAny = false } = policies
  const isAny = accepted === undefined || accepted.includes(ANY_POLICY)
  return Object.freeze({
    accepted: isAny ? undefined : new Set(accepted), requireExplicit, inhibitMapping, inhibitAny
  })
}

interface Node {
  /** Whether the node descends from a policy of the user-initial-policy-set. */
  readonly accepted: boolean
  /** expected_policy_set: the policies of the next certificate that match this one. */
  readonly expected: readonly string[]
}

/** The nodes of one depth, by their valid_policy. */
type Level = ReadonlyMap<string, Node>

/**
 * Processes the policies of one path by RFC 5280 sections 6.1.2 to 6.1.5.
 *
 * The valid_policy_tree of RFC 5280 can grow exponentially (CVE-2023-0464). RFC 9618 merges the nodes of the same depth
 * and policy, which results in a graph of linear size. The result depends only on two facts: whether the graph is
 * empty, and whether its last level contains a policy of the user-initial-policy-set. Both can be computed from the
 * anchor down. So only the deepest level is stored, and each node records whether it descends from such a policy.
 * Pruning is not needed.
 */
export class PolicyState {
  readonly #inputs: PolicyInputs
  #level: Level
  #explicit: number
  #mapping: number
  #any: number

  /** @param length the number of certificates in the path, without the anchor */
  constructor (inputs: PolicyInputs, length: number) {
    this.#inputs = inputs
    this.#level = new Map([[ANY_POLICY, { accepted: true, expected: [ANY_POLICY] }]])
    this.#explicit = inputs.requireExplicit ? 0 : length + 1
    this.#mapping = inputs.inhibitMapping ? 0 : length + 1
    this.#any = inputs.inhibitAny ? 0 : length + 1
  }

  /** Section 6.1.3 (d) to (f). Returns false if a policy is required and none is left. */
  enter ({ policies, selfIssued }: Certificate, isLast: boolean): boolean {
    this.#level = policies === undefined ? new Map() : this.#descend(policies, this.#any > 0 || (!isLast && selfIssued))
    return this.#explicit > 0 || this.#level.size > 0
  }

  /** Section 6.1.4 (a), (b), (h) to (j). Returns false for a mapping to or from anyPolicy. */
  leave ({ policyMappings = [], policyConstraints, inhibitAnyPolicy, selfIssued }: Certificate): boolean {
    if (policyMappings.some(({ issuer, subject }) => issuer === ANY_POLICY || subject === ANY_POLICY)) return false
    if (policyMappings.length > 0) this.#level = this.#map(policyMappings)
    if (!selfIssued) {
      this.#explicit = Math.max(0, this.#explicit - 1)
      this.#mapping = Math.max(0, this.#mapping - 1)
      this.#any = Math.max(0, this.#any - 1)
    }
    this.#explicit = Math.min(this.#explicit, policyConstraints?.requireExplicit ?? Infinity)
    this.#mapping = Math.min(this.#mapping, policyConstraints?.inhibitMapping ?? Infinity)
    this.#any = Math.min(this.#any, inhibitAnyPolicy ?? Infinity)
    return true
  }

  /** Applies the constraints of the anchor (RFC 5937 section 3), from the first certificate below it on. */
  constrain ({ policyConstraints, inhibitAnyPolicy }: Certificate): void {
    this.#explicit = Math.min(this.#explicit, policyConstraints?.requireExplicit ?? Infinity)
    this.#mapping = Math.min(this.#mapping, policyConstraints?.inhibitMapping ?? Infinity)
    this.#any = Math.min(this.#any, inhibitAnyPolicy ?? Infinity)
  }

  /** Section 6.1.5 (a), (b) and (g), for the leaf. */
  conclude ({ policyConstraints }: Certificate): boolean {
    const explicit = policyConstraints?.requireExplicit === 0 ? 0 : Math.max(0, this.#explicit - 1)
    return explicit > 0 || [...this.#level.values()].some(({ accepted }) => accepted)
  }

  #accepts (policy: string): boolean {
    return this.#inputs.accepted === undefined || this.#inputs.accepted.has(policy)
  }

  /** Section 6.1.3 (d) (1) and (2). */
  #descend (policies: readonly string[], takesAny: boolean): Level {
    const expected = new Map<string, boolean>()
    for (const node of this.#level.values()) {
      for (const policy of node.expected) expected.set(policy, node.accepted || expected.get(policy) === true)
    }
    const above = this.#level.has(ANY_POLICY)
    const level = new Map<string, Node>()
    for (const policy of policies) {
      if (policy === ANY_POLICY) continue
      const inherited = expected.get(policy)
      if (inherited !== undefined) level.set(policy, { accepted: inherited, expected: [policy] })
      else if (above) level.set(policy, { accepted: this.#accepts(policy), expected: [policy] })
    }
    if (takesAny && policies.includes(ANY_POLICY)) {
      for (const [policy, accepted] of expected) {
        // A second guard: where both are set, they are the same.
        if (!level.has(policy)) level.set(policy, { accepted, expected: [policy] })
      }
    }
    return level
  }

  /** Section 6.1.4 (b). */
  #map (mappings: readonly PolicyMapping[]): Level {
    const level = new Map(this.#level)
    const subjects = new Map<string, string[]>()
    for (const { issuer, subject } of mappings) {
      const list = subjects.get(issuer)
      if (list === undefined) subjects.set(issuer, [subject])
      else list.push(subject)
    }
    for (const [issuer, expected] of subjects) {
      const node = level.get(issuer)
      if (this.#mapping === 0) level.delete(issuer)
      else if (node !== undefined) level.set(issuer, { ...node, expected })
      else if (level.has(ANY_POLICY)) level.set(issuer, { accepted: this.#accepts(issuer), expected })
    }
    return level
  }
}
