import { knownEdge } from '../certificate/certificate.ts'
import type { Certificate } from '../certificate/certificate.ts'
import type { Budget } from '../limits.ts'
import type { AnchorSet } from '../anchor-set.ts'
import type { CandidatePool, Candidates } from './candidate-pool.ts'

/** What paths are made of. */
export interface PathMaterial {
  readonly leaf: Certificate
  /** What may stand between the leaf and an anchor. */
  readonly candidates: Candidates
  readonly anchors: AnchorSet
  /** Certificates that were given as anchors and are none, for the words of a refusal. */
  readonly notRoots?: CandidatePool
  readonly maxDepth: number
}

/** A certificate of the path under way, and which of those above it were tried. */
interface Step {
  readonly child: Certificate
  readonly anchors: readonly Certificate[]
  anchorsTried: number
  /** Undefined until the anchors were tried. */
  above: readonly Certificate[] | undefined
  aboveTried: number
}

/**
 * Every path from the leaf to an anchor, by names alone, the likely ones first. Each is handed out to be validated. A signature that proved wrong meanwhile ends all
 * paths through it. No authority (name and key) stands in a path twice, which is the guard against CAs that signed each other (RFC 4158 section 5.2); three such
 * certificates of 1,340 octets keep other validators busy for ever. The budget bounds what the guard leaves.
 */
export class PathFinder {
  readonly #material: PathMaterial
  readonly #budget: Budget
  /** Sorted once for each certificate, however many paths go through it. */
  readonly #issuers = new Map<Certificate, readonly Certificate[]>()
  readonly #steps: Step[] = []
  #begun = false

  constructor (material: PathMaterial, budget: Budget) {
    this.#material = material
    this.#budget = budget
  }

  /** The next path, the leaf first and an anchor last; undefined where there is none left, or the budget is spent. */
  next (): readonly Certificate[] | undefined {
    const { leaf, anchors } = this.#material
    const steps = this.#steps
    if (!this.#begun) {
      this.#begun = true
      this.#enter(leaf)
      // Trusted itself.
      if (anchors.has(leaf)) return [leaf]
    }
    while (steps.length > 0) {
      const step = steps[steps.length - 1]!
      const path = this.#budget.exhausted !== undefined || isBroken(steps) ? undefined : this.#advance(step)
      if (path !== undefined) return path
      // Nothing was entered above it: it is done with.
      if (steps[steps.length - 1] === step) steps.pop()
    }
    return undefined
  }

  #enter (child: Certificate): void {
    const anchors = likelyFirst(this.#material.anchors.named(child.issuerKey), child)
    this.#steps.push({ child, anchors, anchorsTried: 0, above: undefined, aboveTried: 0 })
  }

  /** A path that ends right above this step; or enters the next certificate above it; or does neither, where nothing is left to try. */
  #advance (step: Step): readonly Certificate[] | undefined {
    const { child } = step
    const budget = this.#budget
    while (step.anchorsTried < step.anchors.length) {
      const anchor = step.anchors[step.anchorsTried++]!
      if (knownEdge(child, anchor) === false) continue
      if (!budget.spend('paths')) return undefined
      return [...this.#steps.map((below) => below.child), anchor]
    }
    const above = step.above ??= this.#issuersOf(child)
    if (this.#steps.length > this.#material.maxDepth) {
      budget.tooDeep ||= above.length > 0
      return undefined
    }
    while (step.aboveTried < above.length) {
      const issuer = above[step.aboveTried++]!
      if (this.#steps.some((below) => below.child.authority === issuer.authority) || knownEdge(child, issuer) === false) continue
      if (budget.spend('steps')) this.#enter(issuer)
      return undefined
    }
    return undefined
  }

  /** An anchor is no intermediate. */
  #issuersOf (child: Certificate): readonly Certificate[] {
    const { anchors, candidates } = this.#material
    let found = this.#issuers.get(child)
    if (found === undefined) this.#issuers.set(child, found = likelyFirst(candidates.named(child.issuerKey).filter((candidate) => !anchors.has(candidate)), child))
    return found
  }
}

function isBroken (steps: readonly Step[]): boolean {
  for (let i = 1; i < steps.length; i++) {
    if (knownEdge(steps[i - 1]!.child, steps[i]!.child) === false) return true
  }
  return false
}

/** Those first whose key has the identifier that the child says its issuer has. It is a hint alone (RFC 4158 section 3.5.12): signatures decide. */
function likelyFirst (issuers: readonly Certificate[], child: Certificate): readonly Certificate[] {
  const wanted = issuers.length < 2 ? undefined : child.authorityKeyId
  if (wanted === undefined) return issuers
  const isLikely = ({ subjectKeyId }: Certificate): boolean => subjectKeyId === wanted
  return [...issuers.filter(isLikely), ...issuers.filter((issuer) => !isLikely(issuer))]
}
