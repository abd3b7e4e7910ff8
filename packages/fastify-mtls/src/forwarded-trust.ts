import { relinkPeerIdentity, viewDer } from '@peerkit/identity'
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
  | { readonly accepted: false, readonly reason: 'revoked' | 'revocation_unknown', readonly detail: string }

interface Remembered { readonly answer: ForwardedAnswer, readonly until: number, readonly generation: number }

/**
 * Asks for clients that a gateway verified what is asked for those of direct connections: whether they were revoked, and by which path they lead to a CA in force.
 * Which CAs a client may come from is the gateway's to decide, so a client without such a path is let in where nobody is to be asked about revocation. Answers
 * are kept by identity, of which the reader has one for each header.
 */
export class ForwardedTrust {
  readonly #trust: Trust
  readonly #isEvaluated: boolean
  readonly #remembered = new WeakMap<PeerIdentity, Remembered>()

  /**
   * @param isEvaluated whether the reader's validator is `validateInProcess`, which has asked all that is asked here. What another validator says about a path is no
   * word about revocation
   */
  constructor (trust: Trust, isEvaluated: boolean) {
    this.#trust = trust
    this.#isEvaluated = isEvaluated
  }

  /** @param sent DER of what the gateway says that the client sent beside its certificate */
  check (identity: PeerIdentity, sent: readonly Uint8Array[]): ForwardedAnswer | Promise<ForwardedAnswer> {
    if (this.#isEvaluated || (sent.length === 0 && !this.#trust.checksRevocation)) return { accepted: true, identity }
    const { generation } = this.#trust
    const known = this.#remembered.get(identity)
    if (known !== undefined && known.generation === generation && this.#trust.now() < known.until) return known.answer
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

  #ask (identity: PeerIdentity, sent: readonly Uint8Array[]): Timed | Promise<Timed> {
    const leaf = viewDer(identity)
    if (leaf === undefined) return this.#askWithoutPath(identity)
    const conclude = (decision: Decision): Timed | Promise<Timed> => this.#conclude(identity, decision)
    const decision = this.#trust.evaluate(leaf, { sent })
    return decision instanceof Promise ? decision.then(conclude) : conclude(decision)
  }

  #conclude (identity: PeerIdentity, decision: Decision): Timed | Promise<Timed> {
    if (decision.accepted) {
      const { peer: { chain = [] }, notAfter, revalidateAt, staleUntil } = decision
      // A good answer holds until its end; one that a soft policy let pass is asked for again.
      const until = Math.min(notAfter, staleUntil === Infinity ? revalidateAt : staleUntil)
      return { answer: { accepted: true, identity: relinkPeerIdentity(identity, { chain }) }, until }
    }
    const { reason, detail } = decision
    if (reason === 'revoked' || reason === 'revocation_unknown') return { answer: { accepted: false, reason, detail: detail.message }, until: this.#trust.now() + REFUSED_FOR }
    if (!this.#trust.checksRevocation) return { answer: { accepted: true, identity }, until: this.#trust.now() + RECHECK }
    return this.#askWithoutPath(identity, detail.message)
  }

  /** Where we built no path, the identity's own is asked about, where another validator gave it one. Without any, nobody can say who may revoke the certificate: it is unknown, unless it is known to be revoked. The policies decide. */
  #askWithoutPath (identity: PeerIdentity, why?: string): Timed | Promise<Timed> {
    const conclude = (statuses: readonly ChainStatus[]): Timed => {
      const until = this.#trust.now() + REFUSED_FOR
      if (statuses.some(({ state }) => state === 'revoked')) return { answer: { accepted: false, reason: 'revoked', detail: `${String(identity)} is revoked` }, until }
      if (statuses.some(({ permitted }) => !permitted)) return { answer: unknown(`${String(identity)} may be revoked: ${why ?? 'no path leads to a CA in force'}`), until }
      return { answer: { accepted: true, identity }, until: this.#trust.now() + RECHECK }
    }
    const asked = this.#trust.revocation.map((checker: RevocationChecker) => checkChain(checker, identity))
    return asked.some((answer) => answer instanceof Promise) ? Promise.all(asked).then(conclude) : conclude(asked as ChainStatus[])
  }
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
