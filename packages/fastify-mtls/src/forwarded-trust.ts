import type { CertificateReason } from '@peerkit/events'
import { limitPeerIdentity, relinkPeerIdentity, viewDer } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { ChainValidator, ChainVerdict } from '@peerkit/forwarded'
import { checkChain } from '@peerkit/revocation'
import type { ChainStatus, RevocationChecker } from '@peerkit/revocation'
import type { Decision } from '@peerkit/trust'
import type { Trust } from './trust.ts'

/** When an answer that may change is asked for again, in milliseconds: unknown and let pass, or refused. */
const RECHECK = 60_000
const REFUSED_FOR = 10_000

/** What is known of a client that a gateway speaks for. */
export type ForwardedAnswer =
  /** With its verified chain, where one leads to a CA in force. */
  | { readonly accepted: true, readonly identity: PeerIdentity }
  | { readonly accepted: false, readonly reason: ForwardedRefusal, readonly detail: string }

/** As events and logs call it. */
type ForwardedRefusal = 'revoked' | 'revocation_unknown' | 'expired' | 'not_yet_valid' | 'chain_invalid' | 'outside_authority' | 'authority_unknown' | 'blocked'

interface Remembered { readonly answer: ForwardedAnswer, readonly until: number, readonly generation: number }

/**
 * Asks for clients that a gateway verified what is asked for those of direct connections: whether they were revoked or blocked, which authority vouches for them,
 * and for which of their names. Which CAs a client may come from is the gateway's to decide where there is one authority without limits, so a client without a
 * path to it is let in there, unless somebody is to be asked about revocation. Answers are kept by identity, of which the reader has one for each header.
 */
export class ForwardedTrust {
  readonly #trust: Trust
  readonly #isEvaluated: boolean
  readonly #verifiedAs: string | undefined
  readonly #remembered = new WeakMap<PeerIdentity, Remembered>()

  /**
   * @param isEvaluated whether the reader's validator is `validateInProcess`, which has asked all that is asked here. What another validator says about a path is no
   * word about revocation
   * @param verifiedAs the authority whose CAs the gateway verifies with
   */
  constructor (trust: Trust, isEvaluated: boolean, verifiedAs: string | undefined) {
    this.#trust = trust
    this.#isEvaluated = isEvaluated
    this.#verifiedAs = verifiedAs
  }

  /** @param sent DER of what the gateway says that the client sent beside its certificate */
  check (identity: PeerIdentity, sent: readonly Uint8Array[]): ForwardedAnswer | Promise<ForwardedAnswer> {
    // Asked for every request; answers of the reader and of ours are remembered.
    const blocked = this.#trust.blocksAlways ? this.#trust.findBlocked(identity) : undefined
    if (blocked !== undefined) return { accepted: false, reason: 'blocked', detail: blocked }
    const isAsked = this.#trust.checksRevocation || this.#trust.isLimited || this.#trust.hasBlocks || this.#verifiedAs !== undefined
    if (this.#isEvaluated || (sent.length === 0 && !isAsked)) return { accepted: true, identity }
    const { generation } = this.#trust
    const known = this.#remembered.get(identity)
    if (known !== undefined && known.generation === generation && this.#trust.now() < known.until) return this.#stillUnblocked(known.answer)
    const take = ({ answer, until }: Timed): ForwardedAnswer => {
      // An answer that took a while is about a trust that may be gone.
      if (answer.accepted && this.#trust.generation !== generation) return unknown('the trust moved while the certificate was checked')
      this.#remembered.set(identity, { answer, until, generation })
      return answer
    }
    try {
      const timed = this.#ask(identity, sent)
      return timed instanceof Promise ? timed.then(take).catch(() => unknown('the revocation checker failed')) : take(timed)
    } catch {
      return unknown('the revocation checker failed')
    }
  }

  /** The path that was found has more certificates than the header. */
  #stillUnblocked (answer: ForwardedAnswer): ForwardedAnswer {
    const blocked = answer.accepted && this.#trust.blocksAlways ? this.#trust.findBlocked(answer.identity) : undefined
    return blocked === undefined ? answer : { accepted: false, reason: 'blocked', detail: blocked }
  }

  #ask (identity: PeerIdentity, sent: readonly Uint8Array[]): Timed | Promise<Timed> {
    const leaf = viewDer(identity)
    if (leaf === undefined) return this.#askWithoutPath(identity)
    const conclude = (decision: Decision): Timed | Promise<Timed> => this.#conclude(identity, decision)
    const decision = this.#trust.evaluate(leaf, { sent })
    return decision instanceof Promise ? decision.then(conclude) : conclude(decision)
  }

  #conclude (identity: PeerIdentity, decision: Decision): Timed | Promise<Timed> {
    if (decision.accepted) {
      const { peer, authority, notAfter, revalidateAt, staleUntil } = decision
      if (this.#verifiedAs !== undefined && authority !== this.#verifiedAs) return this.#refused('outside_authority', `${String(identity)} leads to the authority "${authority}"; the gateway verifies as "${this.#verifiedAs}"`)
      // A good answer holds until its end; one that a soft policy let pass is asked for again.
      const until = Math.min(notAfter, staleUntil === Infinity ? revalidateAt : staleUntil)
      return { answer: { accepted: true, identity: relinkPeerIdentity(peer, { source: 'forwarded', via: identity.via }) }, until }
    }
    const { reason, detail } = decision
    const isAsked = this.#trust.checksRevocation || this.#trust.isLimited
    if (isForwardedRefusal(reason, isAsked)) return this.#refused(reason, detail.message)
    // A CA of ours issued it, and it is not accepted: who holds a revoked CA's key may choose what else is wrong with it.
    if (reason !== 'unknown_ca' && (isAsked || this.#trust.hasBlocks)) return this.#refused('chain_invalid', detail.message)
    return this.#askWithoutPath(identity, detail.message)
  }

  /**
   * Where we built no path, the identity's own is asked about, where another validator gave it one. Without any, nobody can say who may revoke the certificate: it is
   * unknown, unless it is known to be revoked. The policies decide. Who vouches is then for the operator to say.
   */
  #askWithoutPath (identity: PeerIdentity, why?: string): Timed | Promise<Timed> {
    const blocked = this.#trust.findBlocked(identity)
    if (blocked !== undefined) return this.#refused('blocked', blocked)
    const vouched = this.#vouch(identity, why)
    if (!vouched.accepted) return { answer: vouched, until: this.#trust.now() + REFUSED_FOR }
    if (!this.#trust.checksRevocation) return { answer: vouched, until: this.#trust.now() + RECHECK }
    const conclude = (statuses: readonly ChainStatus[]): Timed => {
      if (statuses.some(({ state }) => state === 'revoked')) return this.#refused('revoked', `${String(identity)} is revoked`)
      if (statuses.some(({ permitted }) => !permitted)) return this.#refused('revocation_unknown', `${String(identity)} may be revoked: ${why ?? 'no path leads to a CA in force'}`)
      return { answer: vouched, until: this.#trust.now() + RECHECK }
    }
    const asked = this.#trust.revocation.map((checker: RevocationChecker) => checkChain(checker, identity))
    return asked.some((answer) => answer instanceof Promise) ? Promise.all(asked).then(conclude) : conclude(asked as ChainStatus[])
  }

  /** The identity as the authority of `verifiedAs` vouches for it. */
  #vouch (identity: PeerIdentity, why: string | undefined): ForwardedAnswer {
    const name = this.#verifiedAs
    if (name === undefined) {
      if (!this.#trust.isLimited) return { accepted: true, identity }
      return { accepted: false, reason: 'authority_unknown', detail: `no authority vouches for ${String(identity)}: ${why ?? 'the gateway passes no certificate on'}; see the option verifiedAs` }
    }
    const bounds = this.#trust.boundsOf(name)
    if (bounds === undefined) return { accepted: false, reason: 'authority_unknown', detail: `nobody vouches for ${String(identity)}: verifiedAs is "${name}", which is no authority for clients any more` }
    const fault = bounds.findFault(identity, name)
    if (fault !== undefined) return { accepted: false, reason: 'outside_authority', detail: `${String(identity)} ${fault.text}` }
    return { accepted: true, identity: limitPeerIdentity(identity, name, bounds.notBelieved) }
  }

  #refused (reason: ForwardedRefusal, detail: string): Timed {
    return { answer: { accepted: false, reason, detail }, until: this.#trust.now() + REFUSED_FOR }
  }
}

/** What is as true of a client that a gateway verified. */
const FINAL: ReadonlySet<CertificateReason> = new Set<CertificateReason & ForwardedRefusal>(['revoked', 'revocation_unknown', 'outside_authority', 'blocked'])
const TOLD: ReadonlySet<CertificateReason> = new Set<CertificateReason & ForwardedRefusal>(['expired', 'not_yet_valid'])

function isForwardedRefusal (reason: CertificateReason, isTold: boolean): reason is CertificateReason & ForwardedRefusal {
  return FINAL.has(reason) || (isTold && TOLD.has(reason))
}

/** An answer, and until when it may be used, in milliseconds since the epoch. */
interface Timed { readonly answer: ForwardedAnswer, readonly until: number }

function unknown (detail: string): ForwardedAnswer {
  return { accepted: false, reason: 'revocation_unknown', detail }
}

/** Validates chains that no gateway has validated as those of direct connections are, revocation included. */
export function validateInProcess (trust: Trust): ChainValidator {
  const read = (decision: Decision): ChainVerdict => {
    if (!decision.accepted) return { valid: false, reason: decision.detail.step, detail: decision.detail.message }
    const { peer, notAfter, revalidateAt, staleUntil } = decision
    return { valid: true, path: peer.chain ?? [], until: Math.min(notAfter, staleUntil === Infinity ? revalidateAt : staleUntil), peer }
  }
  return {
    get generation () { return trust.generation },
    validate (leaf, intermediates) {
      const decision = trust.evaluate(leaf, { sent: intermediates })
      return decision instanceof Promise ? decision.then(read) : read(decision)
    }
  }
}
