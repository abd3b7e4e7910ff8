import type { Candidates, CertificateSet } from '../certificate/certificate-set.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { knownEdge } from '../certificate/signature.ts'
import type { Budget } from './limits.ts'

/** The certificates from which paths are built. */
export interface PathMaterial {
  readonly leaf: Certificate
  /** Certificates that may be between the leaf and an anchor. */
  readonly candidates: Candidates
  readonly anchors: CertificateSet
  /** Certificates of `ca` that are not anchors, for the message of a refusal. */
  readonly notRoots?: CertificateSet
  readonly maxDepth: number
}

/** A certificate of the current path, and which issuers of it were tried. */
interface Step {
  readonly child: Certificate
  readonly anchors: readonly Certificate[]
  anchorsTried: number
  /** The other possible issuers; undefined until the anchors were tried. */
  above: readonly Certificate[] | undefined
  aboveTried: number
}

/**
 * Finds every path from the leaf to an anchor, by names only, the likely ones first. The caller validates each. A
 * signature that turns out to be wrong ends all paths through it. A CA (name and key) can be in a path only once, which
 * prevents loops of CAs that signed each other (RFC 4158 section 5.2): three such certificates of 1,340 octets keep
 * other validators busy forever. The budget bounds the rest.
 */
export class PathFinder {
  readonly #material: PathMaterial
  readonly #budget: Budget
  /** The sorted issuers of each certificate. */
  readonly #issuers = new Map<Certificate, readonly Certificate[]>()
  readonly #steps: Step[] = []
  #begun = false

  constructor (material: PathMaterial, budget: Budget) {
    this.#material = material
    this.#budget = budget
  }

  /** The next path, the leaf first and an anchor last; undefined if there are no more, or the budget is exhausted. */
  next (): readonly Certificate[] | undefined {
    const { leaf, anchors } = this.#material
    const steps = this.#steps
    if (!this.#begun) {
      this.#begun = true
      this.#enter(leaf)
      // The leaf itself is an anchor.
      if (anchors.has(leaf)) return [leaf]
    }
    while (steps.length > 0) {
      const step = steps[steps.length - 1]!
      const path = this.#budget.exhausted !== undefined || isBroken(steps) ? undefined : this.#advance(step)
      if (path !== undefined) return path
      // No issuer was entered above this step, so all its issuers were tried.
      if (steps[steps.length - 1] === step) steps.pop()
    }
    return undefined
  }

  #enter (child: Certificate): void {
    const anchors = likelyFirst(this.#material.anchors.named(child.issuerKey), child)
    this.#steps.push({ child, anchors, anchorsTried: 0, above: undefined, aboveTried: 0 })
  }

  /** Returns a path that ends above this step, or enters the next issuer, or does neither if nothing is left to try. */
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
      const isLoop = this.#steps.some((below) => below.child.authority === issuer.authority)
      if (isLoop || knownEdge(child, issuer) === false) continue
      if (budget.spend('steps')) this.#enter(issuer)
      return undefined
    }
    return undefined
  }

  /** The possible issuers except anchors. */
  #issuersOf (child: Certificate): readonly Certificate[] {
    const { anchors, candidates } = this.#material
    let found = this.#issuers.get(child)
    if (found === undefined) {
      const others = candidates.named(child.issuerKey).filter((candidate) => !anchors.has(candidate))
      this.#issuers.set(child, found = likelyFirst(others, child))
    }
    return found
  }
}

function isBroken (steps: readonly Step[]): boolean {
  for (let i = 1; i < steps.length; i++) {
    if (knownEdge(steps[i - 1]!.child, steps[i]!.child) === false) return true
  }
  return false
}

/**
 * Sorts issuers with a matching key identifier first. It is only a hint (RFC 4158 section 3.5.12): signatures decide.
 */
function likelyFirst (issuers: readonly Certificate[], child: Certificate): readonly Certificate[] {
  const wanted = issuers.length < 2 ? undefined : child.authorityKeyId
  if (wanted === undefined) return issuers
  const isLikely = ({ subjectKeyId }: Certificate): boolean => subjectKeyId === wanted
  return [...issuers.filter(isLikely), ...issuers.filter((issuer) => !isLikely(issuer))]
}
