import type { CertificateStep } from '@peerkit/events'
import { isThenable, whenAllSettled, whenSettled } from '@peerkit/identity/internal'
import { byIssuerKey } from '@peerkit/revocation/internal'
import { CertificateSet, joinCandidates } from '../certificate/certificate-set.ts'
import type { Candidates } from '../certificate/certificate-set.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { allowsPurpose } from '../certificate/find-flaw.ts'
import type { EvaluatorSettings } from '../evaluate/evaluator-options.ts'
import { checkRevocation } from '../path/check-revocation.ts'
import type { NotRevoked } from '../path/check-revocation.ts'
import { Budget } from '../path/limits.ts'
import { isRevoked, searchPath } from '../path/search-path.ts'
import { blame, refuse } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'
import type { AuthorityIndex } from './authorities-in-force.ts'
import { checkBlocked } from './block-list.ts'
import { checkSvid } from './check-svid.ts'
import type { LoadedAuthority } from './load-authority.ts'

/** A path that passed every check. */
export interface Found {
  readonly valid: true
  readonly authority: LoadedAuthority
  readonly path: readonly Certificate[]
  readonly revocation: NotRevoked
}

/** The certificates to decide about. */
export interface AuthorityQuestion {
  readonly leaf: Certificate
  /** The certificates sent after the leaf. */
  readonly sent: readonly Certificate[]
  /** For a resumed session: intermediates that were verified before. */
  readonly verified: Candidates | undefined
}

type Answer = Found | PathRefused

/**
 * Tries the authorities in their order. The first that accepts decides.
 *
 * @param unreadable why the authorities could not be read, if so
 */
export function searchAuthorities (
  { leaf, sent, verified }: AuthorityQuestion, index: AuthorityIndex, settings: EvaluatorSettings,
  unreadable: string | undefined
): Answer | Promise<Answer> {
  const budget = new Budget(settings.limits)
  const pool = new CertificateSet(sent)
  const more = verified === undefined ? [] : [verified]
  let authorities: readonly LoadedAuthority[]
  try {
    authorities = index.above(leaf, joinCandidates([pool, ...more]))
  } catch (error) {
    return blame(leaf, 'unreadable', `cannot be read: ${(error as Error).message}`)
  }
  let refusal: PathRefused | undefined
  const settle = (answer: Answer, authority: LoadedAuthority): Answer | Promise<Answer> | undefined => {
    if (answer.valid) return checkOtherAuthorities(authorities, answer, settings)
    refusal = preferred(refusal, answer, authority)
    return isRevoked(leaf, answer) ? answer : undefined
  }
  const tryFrom = (first: number): Answer | Promise<Answer> => {
    for (let i = first; i < authorities.length; i++) {
      const authority = authorities[i]!
      if (refusal !== undefined && isOfOtherDomain(authority, leaf)) continue
      const candidates = joinCandidates([pool, authority.known, ...more])
      const answer = searchOne(authority, leaf, candidates, settings, budget)
      if (isThenable(answer)) return answer.then((settled) => settle(settled, authority) ?? tryFrom(i + 1))
      const settled = settle(answer, authority)
      if (settled !== undefined) return settled
    }
    return refusal ?? refuse('anchors_invalid', unreadable ?? 'there is no authority')
  }
  return tryFrom(0)
}

/**
 * Whether an authority for X.509-SVIDs cannot accept the leaf, because of its trust domain. Hundreds of trust domains
 * may share a root. The leaf is read once one of them has verified its signature.
 */
function isOfOtherDomain ({ spiffeOnly, bounds }: LoadedAuthority, leaf: Certificate): boolean {
  if (!spiffeOnly || !leaf.isRead) return false
  const { spiffeId } = leaf.identity
  return spiffeId === undefined || !bounds.mayClaim('spiffe', spiffeId)
}

/** Searches for a path to one authority. */
function searchOne (
  authority: LoadedAuthority, leaf: Certificate, candidates: Candidates, settings: EvaluatorSettings, budget: Budget
): Answer | Promise<Answer> {
  const { anchors, notRoots, tolerate, algorithms = settings.algorithms } = authority
  const { limits: { maxDepth }, purpose, policies, strict } = settings
  const now = settings.now()
  const serverAuthOnly = now < (authority.serverAuthOnlyUntil ?? -Infinity)
  const rules = { purpose, policies, strict, algorithms, idleCaFields: true, tolerate, serverAuthOnly, now }
  const checkNames = once(() => checkAuthorityNames(authority, leaf))
  return searchPath<Found>({ leaf, candidates, anchors, notRoots, maxDepth }, rules, budget, (path) => {
    return conclude(authority, path, settings, checkNames)
  })
}

/**
 * The checks after RFC 5280 path validation: the bounds of the authority, the block list, and revocation last, because
 * it may cost a round trip.
 */
function conclude (
  authority: LoadedAuthority, path: readonly Certificate[], { purpose, block, now }: EvaluatorSettings,
  checkNames: () => PathRefused | undefined
): Answer | Promise<Answer> {
  const refusal = checkNames() ??
    (authority.spiffeOnly ? checkSvid(authority, path) : undefined) ??
    (purpose === 'clientAuth' ? checkServerAuthOnly(authority, path) : undefined) ??
    checkBlocked(path, block)
  if (refusal !== undefined) return refusal
  return whenSettled(checkRevocation(authority.revocation, path, now), (revocation): Answer => {
    return revocation.valid ? { valid: true, authority, path, revocation } : revocation
  })
}

/**
 * Checks the leaf with the revocation checkers of the other authorities. A leaf that its issuer revoked is revoked on
 * every path, so their answer `revoked` counts. An unknown status counts only for the accepting authority. The issuer
 * is known by its key: another authority may have a CA of the same name, and vouches for that one alone.
 */
function checkOtherAuthorities (
  authorities: readonly LoadedAuthority[], found: Found, { now }: EvaluatorSettings
): Answer | Promise<Answer> {
  const own = found.authority.revocation
  const checkers = authorities.flatMap(({ revocation }) => revocation).filter((checker) => !own.includes(checker))
  if (checkers.length === 0 || found.path.length < 2) return found
  const [leaf] = found.path
  const findRevoked = (answers: ReadonlyArray<NotRevoked | PathRefused>): Answer => {
    return answers.find((answer): answer is PathRefused => !answer.valid && isRevoked(leaf!, answer)) ?? found
  }
  const answers = checkers.map((checker) => checkRevocation([byIssuerKey(checker)], found.path.slice(0, 2), now))
  return whenAllSettled(answers, findRevoked)
}

/** Whether every name of the leaf is one that the authority vouches for. */
function checkAuthorityNames ({ name, bounds }: LoadedAuthority, leaf: Certificate): PathRefused | undefined {
  const fault = bounds.findFault(leaf.identity, name)
  return fault && blame(leaf, fault.isTooMuch ? 'budget_exceeded' : 'outside_authority', fault.text)
}

/**
 * If a certificate of the path lacks clientAuth, all must allow serverAuth, and the leaf must have a name of a kind
 * with bounds. Otherwise it would be outside no bound: a public CA issues certificates to anyone.
 */
function checkServerAuthOnly (
  { name, bounds }: LoadedAuthority, path: readonly Certificate[]
): PathRefused | undefined {
  if (path.every((certificate) => allowsPurpose(certificate, 'clientAuth'))) return undefined
  const other = path.find((certificate) => !allowsPurpose(certificate, 'serverAuth'))
  if (other !== undefined) {
    const rest = 'and another certificate of the path does not allow clientAuth'
    return blame(other, 'wrong_purpose', `does not allow serverAuth by its extendedKeyUsage, ${rest}`)
  }
  if (bounds.hasBoundedName(path[0]!.identity)) return undefined
  const fault = `is for servers only and has no name of the kinds that authority "${name}" vouches for`
  return blame(path[0]!, 'outside_authority', fault)
}

/** Computes a value once, when it is first needed: many paths may lead from one leaf to an authority. */
function once<Value> (make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}

/**
 * Chooses the refusal to report: that of the first authority that issued the certificate, if there is one. Where trust
 * domains share a CA, it is that of the trust domain of the certificate: after a first one, only that one is asked.
 */
function preferred (
  best: PathRefused | undefined, refusal: PathRefused, { spiffeOnly }: LoadedAuthority
): PathRefused {
  if (best === undefined || best.step === 'unknown_ca') return refusal
  if (spiffeOnly && best.step === 'outside_authority' && !NO_TRUSTED_ISSUER.has(refusal.step)) return refusal
  return NO_TRUSTED_ISSUER.has(best.step) && !NO_TRUSTED_ISSUER.has(refusal.step) ? refusal : best
}

const NO_TRUSTED_ISSUER: ReadonlySet<CertificateStep> = new Set<CertificateStep>(['unknown_ca', 'signature_invalid'])
