import type { CertificateStep } from '@peerkit/events'
import { isThenable } from '@peerkit/identity/internal'
import { readName } from '@peerkit/identity/x509'
import type { Certificate } from '../certificate/certificate.ts'
import { blame, nameOf, refuse, refuseExhausted, summaryOf } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'
import { PathFinder } from './find-paths.ts'
import type { PathMaterial } from './find-paths.ts'
import type { Budget } from './limits.ts'
import { validatePath } from './validate-path.ts'
import type { PathRules } from './validate-path.ts'

/** The checks after path validation by RFC 5280 section 6, such as revocation. */
export type Conclude<Accepted> =
  (path: readonly Certificate[]) => Accepted | PathRefused | Promise<Accepted | PathRefused>

/**
 * Searches for a path that passes every check; one is enough. A removed, expired or revoked certificate invalidates
 * only the paths through it. But a leaf that its issuer revoked ends the search: it is revoked on every path.
 *
 * @returns what `conclude` accepted, or the most informative refusal
 */
export function searchPath<Accepted extends { readonly valid: true }> (
  material: PathMaterial, rules: PathRules, budget: Budget, conclude: Conclude<Accepted>
): Accepted | PathRefused | Promise<Accepted | PathRefused> {
  const { leaf, maxDepth } = material
  const paths = new PathFinder(material, budget)
  let best: PathRefused | undefined
  const settle = (answer: Accepted | PathRefused): Accepted | PathRefused | undefined => {
    if (answer.valid) return answer
    best = best === undefined || rank(answer.step) > rank(best.step) ? answer : best
    return isRevoked(leaf, answer) ? answer : undefined
  }
  const next = (): Accepted | PathRefused | Promise<Accepted | PathRefused> => {
    for (let path = paths.next(); path !== undefined; path = paths.next()) {
      const answer = validatePath(path, rules, budget) ??
        (budget.spend('revocation checks') ? conclude(path) : refuseExhausted(budget))
      if (isThenable(answer)) return answer.then((settled) => settle(settled) ?? next())
      const settled = settle(answer)
      if (settled !== undefined) return settled
    }
    if (budget.exhausted !== undefined) {
      return best !== undefined && rank(best.step) === REVOCATION ? best : refuseExhausted(budget)
    }
    if (budget.tooDeep && (best === undefined || best.step === 'signature_invalid')) {
      return blame(leaf, 'path_length', `has more than ${maxDepth} intermediates above it`)
    }
    return best ?? findMissing(material)
  }
  try {
    return next()
  } catch (error) {
    // Only the leaf's names can fail here. Those of candidates were read before.
    return blame(leaf, 'unreadable', `cannot be read: ${(error as Error).message}`)
  }
}

/** Whether the leaf itself is revoked or blocked. That holds on every path: all have the same issuer key. */
export function isRevoked (leaf: Certificate, { reason, certificate }: PathRefused): boolean {
  return (reason === 'revoked' || reason === 'blocked') && certificate?.fingerprint256 === leaf.fingerprint
}

const REVOCATION = 2
const MAX_NAME_OCTETS = 1_024

/** Of several refusals, the one whose path passed the most checks is reported. */
function rank (step: CertificateStep): number {
  if (step === 'revoked' || step === 'blocked' || step === 'revocation_unknown') return REVOCATION
  return step === 'signature_invalid' ? 0 : 1
}

/** The refusal if no path leads to an anchor. It names the missing issuer. */
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
    ? `it leads to the root ${nameOf(last)}, which is not a trust anchor`
    : notRoots?.has(last) === true
      ? `${nameOf(last)} is in ca, but a path must end at a self-signed certificate, ` +
        `and its issuer ${missing} is not in ca`
      : `${whose} was not sent and is neither a trust anchor (option ca) nor known (option intermediates)`
  return refuse(
    'unknown_ca', `${nameOf(leaf)} has no path to a trust anchor: ${what}`, { certificate: summaryOf(last) }
  )

  function nextIssuer (child: Certificate): Certificate | undefined {
    return candidates.named(child.issuerKey).find((candidate) => !seen.has(candidate) && !anchors.has(candidate))
  }
}

/** Limited in length, because the name is not verified. */
function issuerNameOf ({ fields: { issuerRaw } }: Certificate): string {
  return issuerRaw.length > MAX_NAME_OCTETS ? 'a name that is too long to show' : String(readName(issuerRaw))
}
