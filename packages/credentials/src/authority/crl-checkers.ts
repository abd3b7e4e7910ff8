import type { PeerIdentity } from '@peerkit/identity'
import { crlChecker, crlIssuersToKeep, describeCrlLoss, loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker, CrlCheckerOptions, CrlIndex, RevocationChecker } from '@peerkit/revocation'
import { compileModes } from '@peerkit/revocation/internal'
import type { Clock } from '../clock.ts'
import { refused } from '../errors.ts'
import type { CheckedTrust } from '../material/check-material.ts'
import type { Pem } from '../material/material.ts'
import { caKey, identitiesOf } from '../material/parsed-certificate.ts'
import { blame } from '../material/part.ts'
import { Slices } from '../slices.ts'
import type { SnapshotAuthority, TrustSnapshot } from '../sources/credential-snapshot.ts'
import type { CheckedAuthority } from './check-authority.ts'

/** The checkers of the CRLs, by authority. */
export type Checkers = ReadonlyMap<string, RevocationChecker | undefined>

/** The trust in use, which new CRLs replace. */
type InForce = Pick<TrustSnapshot, 'authorities'> | undefined

/** What the checker of one authority is made of. */
interface Question {
  readonly authority: CheckedAuthority
  readonly clock: Clock
  readonly anchors: readonly PeerIdentity[]
  /** CRLs in use of the same authority, and of CAs that another authority had before. */
  readonly before: readonly CrlIndex[]
  /** The authorities that those CAs leave. */
  readonly givers: readonly string[]
  /** The CAs of all authorities in use. */
  readonly formerIssuers: readonly PeerIdentity[]
  readonly isFirst: boolean
}

/** Options of {@link loadCheckers}. */
interface CrlLoadOptions {
  /**
   * Whether nobody chose the CRLs for these authorities: they came together, and went where the name of their issuer is
   * known. Default false: if all of an authority are of unknown CAs, the wrong file was configured.
   */
  readonly mayBeForeign?: boolean
}

/**
 * Makes the checkers of authorities synchronously, for CRLs of up to 1 MiB. An authority without CRLs has no checker.
 *
 * A CRL is refused if it is older than the one it replaces (an outdated copy, a restored backup), because that would
 * undo revocations. The same applies to a CRL that is missing while its CA is still trusted, or that is not valid yet.
 * A CA that is trusted again is not compared with its former CRLs. A root may be removed together with its CRL and the
 * CRLs of the CAs below. An intermediate is trusted through its root, configured or not, so its CRL may go only when it
 * has expired.
 *
 * @param changed the authorities that need a new checker
 * @throws CredentialsRefusedError
 */
export function createCheckers (
  changed: readonly CheckedAuthority[], crlsOf: (name: string) => readonly Pem[], clock: Clock,
  checked: CheckedTrust, inForce: InForce
): Checkers {
  const made = new Map<string, CrlChecker | undefined>()
  const ask = askAbout(clock, checked, inForce)
  for (const authority of changed) {
    try {
      const question = ask(authority)
      made.set(authority.name, compareChecker(makeNow(question, crlsOf(authority.name)), question))
    } catch (error) {
      closeAll(made)
      throw blame(error as Error, [authority.name])
    }
  }
  return made
}

/** Makes the checkers for CRLs of any size, without blocking the event loop. */
export async function loadCheckers (
  changed: readonly CheckedAuthority[], crlsOf: (name: string) => readonly Pem[] | Promise<readonly Pem[]>,
  clock: Clock, checked: CheckedTrust, inForce: InForce, { mayBeForeign = false }: CrlLoadOptions = {}
): Promise<Checkers> {
  const made = new Map<string, CrlChecker | undefined>()
  const ask = askAbout(clock, checked, inForce)
  const slices = new Slices()
  for (const authority of changed) {
    await slices.pause()
    try {
      const question = ask(authority)
      const checker = await load(question, await crlsOf(authority.name))
      made.set(authority.name, compareChecker(checker, question, mayBeForeign))
    } catch (error) {
      closeAll(made)
      throw blame(error as Error, [authority.name])
    }
  }
  return made
}

/** What is the same for all authorities is found once: there may be hundreds of them. */
function askAbout (
  clock: Clock, { authorities }: CheckedTrust, inForce: InForce
): (authority: CheckedAuthority) => Question {
  const known = inForce?.authorities ?? []
  const listed = known.filter(({ revocation }) => listsOf(revocation).length > 0)
  const formerIssuers = known.flatMap(casOf)
  const anchorsByName = new Map(authorities.map(({ name, anchors }) => [name, identitiesOf(anchors)]))
  const isFirst = inForce === undefined
  const owner = new Map(listed.map((each) => [each.name, each]))
  // A CA that moves to another authority takes its CRLs with it. So its former authority has others than before.
  const givers = listed.filter(({ name, anchors }) => keysOf(anchors) !== keysOf(anchorsByName.get(name) ?? []))
  return (authority) => {
    const anchors = identitiesOf(authority.anchors)
    const between = [...authority.crlIssuers, ...formerIssuers]
    const own = owner.get(authority.name)
    const lists = givers.filter((giver) => giver !== own).map(({ name, revocation }) => {
      const all = listsOf(revocation)
      const moved = listsBelow(all, anchors, between)
      const kept = moved.length === 0 ? [] : listsBelow(all, anchorsByName.get(name) ?? [], between)
      return { name, before: moved.filter((list) => !kept.includes(list)) }
    })
    const others = lists.filter(({ before }) => before.length > 0)
    return {
      authority,
      clock,
      anchors,
      before: [...listsOf(own?.revocation), ...others.flatMap(({ before }) => before)],
      givers: others.map(({ name }) => name),
      formerIssuers,
      isFirst
    }
  }
}

function keysOf (anchors: readonly PeerIdentity[]): string {
  return anchors.map(({ fingerprint256 }) => fingerprint256).sort().join()
}

/** The CRLs of CAs below these anchors. */
function listsBelow (
  lists: readonly CrlIndex[], anchors: readonly PeerIdentity[], between: readonly PeerIdentity[]
): readonly CrlIndex[] {
  return lists.filter((list) => crlIssuersToKeep([list], anchors, between).length > 0)
}

/** All CAs that an authority in use knows, and those of its former CRLs. */
function casOf ({ anchors, candidates, revocation }: SnapshotAuthority): readonly PeerIdentity[] {
  const { issuers = [], formerIssuers = [] } = (revocation ?? {}) as Partial<CrlChecker>
  return [...anchors, ...candidates, ...issuers, ...formerIssuers]
}

function makeNow (question: Question, crls: readonly Pem[]): CrlChecker | undefined {
  try {
    return crls.length === 0 ? undefined : crlChecker(checkerOptionsOf(question, crls))
  } catch (error) {
    throw refused('crl', question.authority.crlOrigin, (error as Error).message, { cause: error })
  }
}

async function load (question: Question, crls: readonly Pem[]): Promise<CrlChecker | undefined> {
  try {
    return crls.length === 0 ? undefined : await loadCrlChecker(checkerOptionsOf(question, crls))
  } catch (error) {
    throw refused('crl', question.authority.crlOrigin, (error as Error).message, { cause: error })
  }
}

/**
 * Finds authorities with CRLs that lose a CA which no other authority gets.
 *
 * @returns the first such CA of each authority, by name
 */
export function findDroppedCas (
  current: TrustSnapshot, { authorities }: CheckedTrust
): ReadonlyMap<string, PeerIdentity> {
  const trusted = new Set(authorities.flatMap(({ anchors }) => anchors.map(({ identity }) => caKey(identity))))
  const found = new Map<string, PeerIdentity>()
  for (const { name, anchors, revocation } of current.authorities) {
    const dropped = listsOf(revocation).length === 0 ? undefined : anchors.find((anchor) => !trusted.has(caKey(anchor)))
    if (dropped !== undefined) found.set(name, dropped)
  }
  return found
}

/** Closes checkers that are not needed. */
export function closeAll (checkers: Checkers): void {
  for (const checker of checkers.values()) checker?.close().catch(() => {})
}

/** Warnings about CRLs of CAs that are not trusted, and about expired CRLs. */
export function describeForeign (checker: RevocationChecker | undefined, where: string): string[] {
  const { foreign = [], foreignKeys = [], ended = [] } = (checker ?? {}) as Partial<CrlChecker>
  return [
    ...foreign.map((name) => `${where}: ignored the CRL of ${describeForeignIssuer(name, foreignKeys)}`),
    ...ended.map((list) => describeEnded(list, where))
  ]
}

/** Warnings about CAs without a CRL, if that rejects all of their certificates. */
export function describeUncovered (
  { anchors, options: { revocation = 'hard' }, crlOrigin }: CheckedAuthority, checker: RevocationChecker | undefined
): string[] {
  if (checker === undefined) return []
  const covered = new Set(listsOf(checker).map(({ verifiedBy }) => verifiedBy && caKey(verifiedBy)))
  const note = 'certificates of that CA are rejected, because revocation is "hard"'
  const modeOf = compileModes(revocation)
  return identitiesOf(anchors).filter((ca) => !covered.has(caKey(ca)) && modeOf(ca.subject) === 'hard')
    .map((ca) => `${crlOrigin}: there is no CRL of ${String(ca)}; ${note}`)
}

function describeEnded ({ isDelta, issuer, nextUpdate }: CrlIndex, where: string): string {
  const list = `the ${isDelta ? 'delta CRL' : 'CRL'} of ${String(issuer)}`
  return `${where}: ${list} expired on ${iso(nextUpdate)}; the revocation of certificates of that CA is unknown`
}

/**
 * Returns the checker. Refuses it if all CRLs are of unknown CAs, or if it would lose revocations that are in use. A CA
 * that moves here without its CRL stays where it was: the authority that it leaves is refused too.
 */
function compareChecker (
  checker: CrlChecker | undefined, question: Question, mayBeForeign = false
): CrlChecker | undefined {
  const { authority: { name, crlIssuers, crlOrigin }, anchors, before, givers, formerIssuers, clock } = question
  const context = { issuers: crlIssuers, anchors, between: formerIssuers, now: clock.now() }
  const objection = (question.isFirst && !mayBeForeign ? describeOnlyForeign(checker) : undefined) ??
    describeCrlLoss(checker?.lists ?? [], before, context)
  if (objection === undefined) return checker
  checker?.close().catch(() => {})
  throw refused('crl', crlOrigin, objection, { authorities: [name, ...givers] })
}

/**
 * CRLs of unknown CAs are ignored: a CA must be removable before its CRL is. But if nothing is in use yet and all CRLs
 * are of unknown CAs, the wrong file was probably configured.
 */
function describeOnlyForeign (checker: CrlChecker | undefined): string | undefined {
  if (checker === undefined || checker.lists.length > 0 || checker.foreign.length === 0) return undefined
  const { foreign, foreignKeys } = checker
  return `found only CRLs of ${foreign.map((name) => describeForeignIssuer(name, foreignKeys)).join('; ')}`
}

function describeForeignIssuer (name: CrlChecker['foreign'][number], foreignKeys: CrlChecker['foreign']): string {
  return foreignKeys.includes(name)
    ? `${String(name)}, signed with another key than that of the CA of this name in ca, intermediates or crlIssuers`
    : `${String(name)}, which is not a CA in ca, intermediates or crlIssuers`
}

function iso (time: number): string {
  return new Date(time).toISOString()
}

function listsOf (checker: RevocationChecker | undefined): readonly CrlIndex[] {
  return (checker as Partial<CrlChecker> | undefined)?.lists ?? []
}

function checkerOptionsOf (question: Question, crls: readonly Pem[]): CrlCheckerOptions {
  const { authority: { crlIssuers, options: { revocation: policy } }, anchors, before, formerIssuers, clock } = question
  const issuers = [...crlIssuers, ...crlIssuersToKeep(before, anchors, [...crlIssuers, ...formerIssuers])]
  const options = { crls, issuers, formerIssuers, foreignCrls: 'ignore', warnEnded: false } as const
  // The warnings of the credentials tell of lists that have ended.
  return { ...options, now: () => clock.now(), ...(policy !== undefined && { policy }) }
}
