import { crlChecker, crlIssuersToKeep, describeCrlLoss, loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker, CrlCheckerOptions, CrlIndex, RevocationChecker, RevocationPolicy } from '@peerkit/revocation'
import { matchDistinguishedNames, parseDistinguishedName } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { SnapshotAuthority } from './authority/snapshot-authority.ts'
import { caKey } from './authority/check-authority.ts'
import type { CheckedAuthority } from './authority/check-authority.ts'
import type { CheckedTrust } from './check-material.ts'
import type { Clock } from './clock.ts'
import type { TrustSnapshot } from './credential-snapshot.ts'
import { refused } from './errors.ts'
import type { Pem } from './material.ts'
import { blame } from './part.ts'

/** By the name of an authority: who answers from its CRLs. */
export type Checkers = ReadonlyMap<string, RevocationChecker | undefined>

/** What is in force, which new lists take the place of. */
type InForce = Pick<TrustSnapshot, 'authorities'> | undefined

/** What one authority's checker is made of. */
interface Question {
  readonly authority: CheckedAuthority
  readonly clock: Clock
  readonly anchors: readonly PeerIdentity[]
  /** Lists in force of the same authority, and of CAs that were another's. */
  readonly before: readonly CrlIndex[]
  /** The authorities that those CAs leave. */
  readonly givers: readonly string[]
  /** CAs of all that is in force. */
  readonly formerIssuers: readonly PeerIdentity[]
  readonly isFirst: boolean
}

/**
 * Answers from the CRLs of checked authorities, at once: CRLs of up to 1 MiB. An authority without CRLs has no checker.
 *
 * A list that was issued before the one it replaces would take back revocations: a copy that lags behind, or a restored
 * backup. So would a list that is missing while its CA is still trusted, or one that has not begun. All are refused. A
 * CA that counts anew is not, since its lists are of today; and an operator who removes a root may remove its list with
 * it, and those of the CAs below. An intermediate is trusted by its root, configured or not: its list may go when it
 * has ended.
 *
 * @param changed the authorities that need a new one
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function createCheckers (changed: readonly CheckedAuthority[], crlsOf: (name: string) => readonly Pem[], clock: Clock, checked: CheckedTrust, inForce: InForce): Checkers {
  const made = new Map<string, CrlChecker | undefined>()
  for (const authority of changed) {
    try {
      const question = ask(authority, clock, checked, inForce)
      made.set(authority.name, compareChecker(makeNow(question, crlsOf(authority.name)), question))
    } catch (error) {
      closeAll(made)
      throw blame(error as Error, [authority.name])
    }
  }
  return made
}

/** The same for CRLs of any size, without blocking the event loop. */
export async function loadCheckers (changed: readonly CheckedAuthority[], crlsOf: (name: string) => readonly Pem[] | Promise<readonly Pem[]>, clock: Clock, checked: CheckedTrust, inForce: InForce): Promise<Checkers> {
  const made = new Map<string, CrlChecker | undefined>()
  for (const authority of changed) {
    try {
      const question = ask(authority, clock, checked, inForce)
      made.set(authority.name, compareChecker(await load(question, await crlsOf(authority.name)), question))
    } catch (error) {
      closeAll(made)
      throw blame(error as Error, [authority.name])
    }
  }
  return made
}

function ask (authority: CheckedAuthority, clock: Clock, { authorities }: CheckedTrust, inForce: InForce): Question {
  const known = inForce?.authorities ?? []
  const formerIssuers = known.flatMap(casOf)
  const between = [...authority.crlIssuers, ...formerIssuers]
  const anchorsOf = (wanted: string): PeerIdentity[] =>
    authorities.find(({ name }) => name === wanted)?.anchors.map(({ identity }) => identity) ?? []
  const anchors = anchorsOf(authority.name)
  const lists = known.map(({ name, revocation }) => {
    const all = listsOf(revocation)
    if (name === authority.name) return { name, before: all }
    // A CA that moves to another authority takes its lists with it.
    const kept = listsBelow(all, anchorsOf(name), between)
    return { name, before: listsBelow(all, anchors, between).filter((list) => !kept.includes(list)) }
  })
  const givers = lists.filter(({ name, before }) => name !== authority.name && before.length > 0).map(({ name }) => name)
  return { authority, clock, anchors, before: lists.flatMap(({ before }) => before), givers, formerIssuers, isFirst: inForce === undefined }
}

/** Those of the lists that speak for CAs below these anchors. */
function listsBelow (
  lists: readonly CrlIndex[], anchors: readonly PeerIdentity[], between: readonly PeerIdentity[]
): readonly CrlIndex[] {
  return lists.filter((list) => crlIssuersToKeep([list], anchors, between).length > 0)
}

/** All CAs that an authority in force knows, and those that it knew before and whose lists still lie about. */
function casOf ({ anchors, candidates, revocation }: SnapshotAuthority): readonly PeerIdentity[] {
  const { issuers = [], formerIssuers = [] } = (revocation ?? {}) as Partial<CrlChecker>
  return [...anchors, ...candidates, ...issuers, ...formerIssuers]
}

function makeNow (question: Question, crls: readonly Pem[]): CrlChecker | undefined {
  try {
    return crls.length === 0 ? undefined : crlChecker(checkerOptionsOf(question, crls))
  } catch (error) {
    throw refused('crl', question.authority.crlOrigin, (error as Error).message, error)
  }
}

async function load (question: Question, crls: readonly Pem[]): Promise<CrlChecker | undefined> {
  try {
    return crls.length === 0 ? undefined : await loadCrlChecker(checkerOptionsOf(question, crls))
  } catch (error) {
    throw refused('crl', question.authority.crlOrigin, (error as Error).message, error)
  }
}

/** Closes checkers that nobody needs. */
export function closeAll (checkers: Checkers): void {
  for (const checker of checkers.values()) checker?.close().catch(() => {})
}

/** Warnings about lists that say nothing of anybody whom we trust, and about lists that have ended. */
export function describeForeign (checker: RevocationChecker | undefined, where: string): string[] {
  const { foreign = [], foreignKeys = [], ended = [] } = (checker ?? {}) as Partial<CrlChecker>
  return [
    ...foreign.map((name) => `${where}: left out the CRL of ${describeStranger(name, foreignKeys)}`),
    ...ended.map((list) => describeEnded(list, where))
  ]
}

/** Warnings about CAs that have no list, where that refuses all of their certificates. */
export function describeUncovered ({ anchors, options: { revocation = 'hard' }, crlOrigin }: CheckedAuthority, checker: RevocationChecker | undefined): string[] {
  if (checker === undefined) return []
  const covered = new Set(listsOf(checker).map(({ verifiedBy }) => verifiedBy && caKey(verifiedBy)))
  return anchors.map(({ identity }) => identity).filter((ca) => !covered.has(caKey(ca)) && isHard(revocation, ca))
    .map((ca) => `${crlOrigin}: there is no CRL of ${String(ca)}; certificates of that CA are refused, since revocation is "hard"`)
}

function isHard (policy: RevocationPolicy, { subject }: PeerIdentity): boolean {
  if (typeof policy === 'string') return policy === 'hard'
  const named = Object.entries(policy.issuers ?? {}).find(([name]) => subject !== undefined && matchDistinguishedNames(parseDistinguishedName(name), subject))
  return (named?.[1] ?? policy.default ?? 'hard') === 'hard'
}

function describeEnded ({ isDelta, issuer, nextUpdate }: CrlIndex, where: string): string {
  const list = `the ${isDelta ? 'delta CRL' : 'CRL'} of ${String(issuer)}`
  return `${where}: ${list} ended on ${iso(nextUpdate)}; certificates of that CA count as revocation unknown`
}

/**
 * Gives the checker, unless it is of strangers' lists alone or would know less than what is in force. A CA that moves
 * here without its list stays where it was: the authority that it leaves is refused as well.
 */
function compareChecker (checker: CrlChecker | undefined, question: Question): CrlChecker | undefined {
  const { authority: { name, crlIssuers, crlOrigin }, anchors, before, givers, formerIssuers, clock, isFirst } = question
  const objection = (isFirst ? describeStrangers(checker) : undefined) ??
    describeCrlLoss(checker?.lists ?? [], before, { issuers: crlIssuers, anchors, between: formerIssuers, now: clock.now() })
  if (objection === undefined) return checker
  checker?.close().catch(() => {})
  throw blame(refused('crl', crlOrigin, objection), [name, ...givers])
}

/**
 * Lists of strangers are left out: a CA that is removed must be gone at once, whether its list still lies about or not.
 * But where nothing is in force yet and all lists are of strangers, somebody took the wrong file.
 */
function describeStrangers (checker: CrlChecker | undefined): string | undefined {
  if (checker === undefined || checker.lists.length > 0 || checker.foreign.length === 0) return undefined
  return `it is of ${checker.foreign.map((name) => describeStranger(name, checker.foreignKeys)).join('; ')}`
}

function describeStranger (name: CrlChecker['foreign'][number], foreignKeys: CrlChecker['foreign']): string {
  return foreignKeys.includes(name)
    ? `${String(name)}, signed with another key than that of the CA of this name in ca, intermediates or crlIssuers`
    : `${String(name)}, which is no CA in ca, intermediates or crlIssuers`
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
  const options = { crls, issuers, formerIssuers, foreignCrls: 'ignore', now: () => clock.now() } as const
  return { ...options, ...(policy !== undefined && { policy }) }
}
