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

/**
 * Every path from the leaf to an anchor, by names alone, the likely ones first: each is yielded to be validated, and ways through a signature that proved wrong in the meantime are not followed
 * further. No authority (name and key) stands in a path twice, which is the guard against CAs that signed each other (RFC 4158 section 5.2); three such certificates of
 * 1,340 octets keep other validators busy for ever. The budget bounds what the guard leaves.
 */
export function * findPaths (material: PathMaterial, budget: Budget): Generator<readonly Certificate[]> {
  const { leaf, anchors, candidates, maxDepth } = material
  if (anchors.has(leaf)) yield [leaf]
  const issuers = new Map<Certificate, readonly Certificate[]>()
  const path: Certificate[] = [leaf]
  yield * extend()

  /** Sorted once for each certificate, however many paths go through it. An anchor is no intermediate. */
  function issuersOf (child: Certificate): readonly Certificate[] {
    let found = issuers.get(child)
    if (found === undefined) issuers.set(child, found = likelyFirst(candidates.named(child.issuerKey).filter((candidate) => !anchors.has(candidate)), child))
    return found
  }

  function * extend (): Generator<readonly Certificate[]> {
    const child = path[path.length - 1]!
    for (const anchor of likelyFirst(anchors.named(child.issuerKey), child)) {
      if (knownEdge(child, anchor) === false) continue
      if (!budget.spend('paths')) return
      yield [...path, anchor]
      if (budget.exhausted !== undefined || isBroken(path)) return
    }
    const above = issuersOf(child)
    if (path.length > maxDepth) {
      budget.tooDeep ||= above.length > 0
      return
    }
    for (const issuer of above) {
      if (path.some(({ authority }) => authority === issuer.authority) || knownEdge(child, issuer) === false) continue
      if (!budget.spend('steps')) return
      path.push(issuer)
      yield * extend()
      path.pop()
      if (budget.exhausted !== undefined || isBroken(path)) return
    }
  }
}

function isBroken (path: readonly Certificate[]): boolean {
  return path.some((certificate, index) => index > 0 && knownEdge(path[index - 1]!, certificate) === false)
}

/** Those first whose key has the identifier that the child says its issuer has. It is a hint alone (RFC 4158 section 3.5.12): signatures decide. */
function likelyFirst (issuers: readonly Certificate[], child: Certificate): readonly Certificate[] {
  const wanted = issuers.length < 2 ? undefined : child.authorityKeyId
  if (wanted === undefined) return issuers
  const isLikely = ({ subjectKeyId }: Certificate): boolean => subjectKeyId === wanted
  return [...issuers.filter(isLikely), ...issuers.filter((issuer) => !isLikely(issuer))]
}
