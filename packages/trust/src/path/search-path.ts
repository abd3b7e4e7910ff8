import { readName } from '@peerkit/identity/x509'
import type { Certificate } from '../certificate/certificate.ts'
import { blame, nameOf, summaryOf } from '../certificate/find-flaw.ts'
import type { Budget } from '../limits.ts'
import { refuse } from '../refusal.ts'
import type { PathRefusalReason, PathRefused } from '../refusal.ts'
import { PathFinder } from './find-paths.ts'
import type { PathMaterial } from './find-paths.ts'
import { refuseExhausted, validatePath } from './validate-path.ts'
import type { PathRules } from './validate-path.ts'

/** What is left to ask of a path that is valid by RFC 5280 section 6: revocation, most often. */
export type Conclude<Accepted> = (path: readonly Certificate[]) => Accepted | PathRefused | Promise<Accepted | PathRefused>

/**
 * Searches for a path that satisfies every check; any is enough. A certificate that was removed, has ended or was revoked ends the paths through it and no
 * others. Only a leaf that its issuer revoked ends the search: it is revoked on every path.
 *
 * @returns what `conclude` accepted, or the refusal that says most
 */
export function searchPath<Accepted extends { readonly valid: true }> (material: PathMaterial, rules: PathRules, budget: Budget, conclude: Conclude<Accepted>): Accepted | PathRefused | Promise<Accepted | PathRefused> {
  const { leaf, maxDepth } = material
  const paths = new PathFinder(material, budget)
  let best: PathRefused | undefined
  const settle = (answer: Accepted | PathRefused): Accepted | PathRefused | undefined => {
    if (answer.valid) return answer
    best = best === undefined || rank(answer.reason) > rank(best.reason) ? answer : best
    return isRevoked(leaf, answer) ? answer : undefined
  }
  const next = (): Accepted | PathRefused | Promise<Accepted | PathRefused> => {
    for (let path = paths.next(); path !== undefined; path = paths.next()) {
      const answer = validatePath(path, rules, budget) ?? (budget.spend('revocation checks') ? conclude(path) : refuseExhausted(budget))
      if (answer instanceof Promise) return answer.then((settled) => settle(settled) ?? next())
      const settled = settle(answer)
      if (settled !== undefined) return settled
    }
    if (budget.exhausted !== undefined) return best !== undefined && rank(best.reason) === REVOCATION ? best : refuseExhausted(budget)
    if (budget.tooDeep && (best === undefined || best.reason === 'signature_invalid')) return blame(leaf, 'path_length', `has more than ${maxDepth} intermediates above it`)
    return best ?? findMissing(material)
  }
  try {
    return next()
  } catch (error) {
    // The leaf's own names: those of candidates were read before.
    return blame(leaf, 'certificate_invalid', `cannot be read: ${(error as Error).message}`)
  }
}

/** Whether a refusal says that the leaf itself was revoked, or is blocked, which holds on every path: its issuer's key is the same on all of them. */
export function isRevoked (leaf: Certificate, { reason, certificate }: PathRefused): boolean {
  return (reason === 'revoked' || reason === 'blocked') && certificate?.fingerprint256 === leaf.fingerprint
}

const REVOCATION = 2
const MAX_NAME_OCTETS = 1_024

/** Of several refusals that is told which came furthest: names alone led to a path whose signature is wrong. */
function rank (reason: PathRefusalReason): number {
  if (reason === 'revoked' || reason === 'blocked' || reason === 'revocation_unknown') return REVOCATION
  return reason === 'signature_invalid' ? 0 : 1
}

/** No path leads to an anchor: says which issuer is missing, by the names as far as they lead. */
function findMissing ({ leaf, anchors, candidates, notRoots }: PathMaterial): PathRefused {
  const seen = new Set<Certificate>([leaf])
  let last = leaf
  for (let issuer = nextIssuer(last); issuer !== undefined; issuer = nextIssuer(last)) {
    seen.add(issuer)
    last = issuer
  }
  const missing = issuerNameOf(last)
  const whose = last === leaf ? `its issuer ${missing}` : `the issuer of ${nameOf(last)}, ${missing},`
  const isRoot = last.selfIssued
  const what = isRoot
    ? `it leads to the root ${nameOf(last)}, which is no trust anchor`
    : notRoots?.has(last) === true
      ? `${nameOf(last)} is in ca, but a path ends at a self-signed certificate only, and its issuer ${missing} is not in ca`
      : `${whose} was not sent and is neither a trust anchor (option ca) nor known (option intermediates)`
  return refuse('issuer_unknown', `${nameOf(leaf)} has no path to a trust anchor: ${what}`, { certificate: summaryOf(last) })

  function nextIssuer (child: Certificate): Certificate | undefined {
    return candidates.named(child.issuerKey).find((candidate) => !seen.has(candidate) && !anchors.has(candidate))
  }
}

/** Bounded: nothing vouches for the name yet. */
function issuerNameOf ({ fields: { issuerRaw } }: Certificate): string {
  return issuerRaw.length > MAX_NAME_OCTETS ? 'a name that is too long to show' : String(readName(issuerRaw))
}
