import type { Certificate } from '../certificate/certificate.ts'
import { allowsPurpose, blame } from '../certificate/find-flaw.ts'
import type { EvaluatorSettings } from '../evaluator-options.ts'
import { Budget } from '../limits.ts'
import { CandidatePool, joinPools } from '../path/candidate-pool.ts'
import type { Candidates } from '../path/candidate-pool.ts'
import { isRevoked, searchPath } from '../path/search-path.ts'
import { refuse } from '../refusal.ts'
import type { PathRefusalReason, PathRefused } from '../refusal.ts'
import { checkRevocation } from '../revocation/check-path.ts'
import type { NotRevoked } from '../revocation/check-path.ts'
import { findBlocked } from './block-list.ts'
import type { AuthorityIndex } from './authority-index.ts'
import type { LoadedAuthority } from './load-authority.ts'

/** A path that satisfied every check. */
export interface Found {
  readonly valid: true
  readonly authority: LoadedAuthority
  readonly path: readonly Certificate[]
  readonly revocation: NotRevoked
}

/** What is asked about a leaf. */
export interface AuthorityQuestion {
  readonly leaf: Certificate
  /** What was sent beside it. */
  readonly sent: readonly Certificate[]
  /** Of a resumed session: intermediates that were verified before. */
  readonly verified: Candidates | undefined
}

type Answer = Found | PathRefused

/**
 * Asks the authorities in their order; the first that accepts decides.
 *
 * @param unreadable why there are no authorities, where they could not be read
 */
export function searchAuthorities ({ leaf, sent, verified }: AuthorityQuestion, index: AuthorityIndex, settings: EvaluatorSettings, unreadable: string | undefined): Answer | Promise<Answer> {
  const { limits, purpose, policies, strict, algorithms, now } = settings
  const budget = new Budget(limits)
  const own: readonly Candidates[] = [new CandidatePool(sent), ...(verified === undefined ? [] : [verified])]
  let authorities: readonly LoadedAuthority[]
  try {
    authorities = index.above(leaf, joinPools(own))
  } catch (error) {
    return blame(leaf, 'certificate_invalid', `cannot be read: ${(error as Error).message}`)
  }
  let refusal: PathRefused | undefined
  const from = (first: number): Answer | Promise<Answer> => {
    for (let i = first; i < authorities.length; i++) {
      const authority = authorities[i]!
      const [pool, ...more] = own
      const candidates = joinPools([pool!, authority.known, ...more])
      const material = { leaf, candidates, anchors: authority.anchors, notRoots: authority.notRoots, maxDepth: limits.maxDepth }
      const time = now()
      const serverAuthOnly = time < (authority.serverAuthOnlyUntil ?? -Infinity)
      const rules = { purpose, policies, strict, algorithms: authority.algorithms ?? algorithms, idleCaFields: true, serverAuthOnly, now: time }
      const checkNames = once(() => checkAuthorityNames(authority, leaf))
      const answer = searchPath<Found>(material, rules, budget, (path) => conclude(authority, path, settings, checkNames))
      if (answer instanceof Promise) return answer.then((settled) => settled.valid ? checkOtherAuthorities(authorities, settled, settings) : next(i, settled))
      if (answer.valid) return checkOtherAuthorities(authorities, answer, settings)
      if (isRevoked(leaf, answer)) return answer
      refusal = preferred(refusal, answer)
    }
    return refusal ?? refuse('anchors_invalid', unreadable ?? 'there is no authority')
  }
  const next = (index: number, answer: PathRefused): Answer | Promise<Answer> => {
    if (isRevoked(leaf, answer)) return answer
    refusal = preferred(refusal, answer)
    return from(index + 1)
  }
  return from(0)
}

/** What is asked of a path that is valid by RFC 5280: the authority's own names, what the operator blocks, and revocation last, since it may cost a round trip. */
function conclude (authority: LoadedAuthority, path: readonly Certificate[], { purpose, block, now }: EvaluatorSettings, checkNames: () => PathRefused | undefined): Answer | Promise<Answer> {
  const refusal = checkNames() ?? (purpose === 'clientAuth' ? checkServerAuthOnly(authority, path) : undefined) ?? checkBlocked(path, block)
  if (refusal !== undefined) return refusal
  const answer = checkRevocation(authority.revocation, path, now)
  const take = (revocation: NotRevoked | PathRefused): Answer => revocation.valid ? { valid: true, authority, path, revocation } : revocation
  return answer instanceof Promise ? answer.then(take) : take(answer)
}

/**
 * A leaf that its issuer revoked is revoked on every path, so the lists of other authorities that paths of this leaf lead to count too. What they do not know
 * is for the authority that vouches to say.
 */
function checkOtherAuthorities (authorities: readonly LoadedAuthority[], found: Found, { now }: EvaluatorSettings): Answer | Promise<Answer> {
  const lists = authorities.flatMap(({ revocation }) => revocation).filter((checker) => !found.authority.revocation.includes(checker))
  if (lists.length === 0 || found.path.length < 2) return found
  const [leaf] = found.path
  const take = (answer: NotRevoked | PathRefused): Answer => !answer.valid && isRevoked(leaf!, answer) ? answer : found
  const answers = lists.map((checker) => checkRevocation([checker], found.path.slice(0, 2), now))
  if (!answers.some((answer) => answer instanceof Promise)) return (answers as Array<NotRevoked | PathRefused>).map(take).find(({ valid }) => !valid) ?? found
  return Promise.all(answers).then((settled) => settled.map(take).find(({ valid }) => !valid) ?? found)
}

/** Whether every name of the leaf is one that the authority vouches for. */
function checkAuthorityNames ({ name, bounds }: LoadedAuthority, leaf: Certificate): PathRefused | undefined {
  const fault = bounds.findFault(leaf.identity, name)
  return fault && blame(leaf, fault.isTooMuch ? 'budget_exceeded' : 'outside_authority', fault.text)
}

/**
 * A path that is not for clients is for servers throughout, and names somebody: a public CA certifies addresses and common names of anybody, and a certificate without a
 * name of a kind that has bounds is outside of none.
 */
function checkServerAuthOnly ({ name, bounds }: LoadedAuthority, path: readonly Certificate[]): PathRefused | undefined {
  if (path.every((certificate) => allowsPurpose(certificate, 'clientAuth'))) return undefined
  const other = path.find((certificate) => !allowsPurpose(certificate, 'serverAuth'))
  if (other !== undefined) return blame(other, 'purpose', 'does not allow serverAuth by its extendedKeyUsage, and another certificate of the path does not allow clientAuth')
  if (bounds.hasBoundedName(path[0]!.identity)) return undefined
  return blame(path[0]!, 'outside_authority', `is for servers alone and has no name of the kinds that authority "${name}" vouches for`)
}

/** Made when it is first asked for: many paths may lead from one leaf to an authority. */
function once<Value> (make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}

/** Of a leaf that is blocked every path ends here; of a CA those through it. */
function checkBlocked (path: readonly Certificate[], block: EvaluatorSettings['block']): PathRefused | undefined {
  if (block === undefined) return undefined
  const identities = path.map(({ identity }) => identity)
  const blocked = findBlocked(block, identities)
  return blocked && blame(path[identities.indexOf(blocked.certificate)]!, 'blocked', blocked.fault)
}

/** What is told where several authorities refuse: the first that knows the certificate says more than one that does not, or that knows its issuer's name alone. */
function preferred (best: PathRefused | undefined, refusal: PathRefused): PathRefused {
  return best === undefined || (NO_TRUSTED_ISSUER.has(best.reason) && !NO_TRUSTED_ISSUER.has(refusal.reason)) || best.reason === 'issuer_unknown' ? refusal : best
}

const NO_TRUSTED_ISSUER: ReadonlySet<PathRefusalReason> = new Set<PathRefusalReason>(['issuer_unknown', 'signature_invalid'])
