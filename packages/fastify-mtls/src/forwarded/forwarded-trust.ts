import type { CertificateReason, ForwardedReason } from '@peerkit/events'
import { limitPeerIdentity, relinkPeerIdentity, viewDer } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { ChainValidator, ChainVerdict } from '@peerkit/forwarded'
import { ASK_AGAIN_AFTER, REFUSED_FOR, whenAllSettled, whenAnswered, whenSettled } from '@peerkit/identity/internal'
import { checkChain } from '@peerkit/revocation'
import type { ChainStatus, RevocationChecker } from '@peerkit/revocation'
import type { Decision } from '@peerkit/trust'
import type { Trust } from '../handshake/trust.ts'

/** The decision about a client that a gateway forwards. */
export type ForwardedAnswer =
  /** With its verified chain, if one leads to a trusted CA. */
  | { readonly accepted: true, readonly identity: PeerIdentity }
  | { readonly accepted: false, readonly reason: ForwardedReason, readonly detail: string }

interface Remembered { readonly answer: ForwardedAnswer, readonly until: number, readonly generation: number }

/**
 * Checks forwarded clients like direct ones: whether they are revoked or blocked, which authority vouches for them, and
 * for which of their names. With one authority without bounds the gateway decides which CAs it accepts, so a client
 * without a path to a CA of the app is accepted, unless revocation has to be checked. Decisions are cached by identity;
 * the reader returns the same identity for the same header.
 */
export class ForwardedTrust {
  readonly #trust: Trust
  readonly #isEvaluated: boolean
  readonly #verifiedAs: string | undefined
  readonly #remembered = new WeakMap<PeerIdentity, Remembered>()

  /**
   * @param isEvaluated whether the reader's validator is `validateInProcess`, which already did the checks of this
   *   class. Other validators do not check revocation
   * @param verifiedAs the authority whose CAs the gateway verifies with
   */
  constructor (trust: Trust, isEvaluated: boolean, verifiedAs: string | undefined) {
    this.#trust = trust
    this.#isEvaluated = isEvaluated
    this.#verifiedAs = verifiedAs
  }

  /** @param sent DER of the other certificates that the client sent, according to the gateway */
  check (identity: PeerIdentity, sent: readonly Uint8Array[]): ForwardedAnswer | Promise<ForwardedAnswer> {
    // Called for every request, because the cached answers below do not include it.
    const blocked = this.#trust.blocksAlways ? this.#trust.findBlocked(identity) : undefined
    if (blocked !== undefined) return { accepted: false, reason: 'blocked', detail: blocked }
    const isChecked = this.#trust.checksRevocation || this.#trust.isLimited || this.#trust.hasBlocks ||
      this.#verifiedAs !== undefined
    const isFlawed = identity.tolerated.length > 0
    if (this.#isEvaluated || (sent.length === 0 && !isChecked && !isFlawed)) return { accepted: true, identity }
    const { generation } = this.#trust
    const known = this.#remembered.get(identity)
    if (known !== undefined && known.generation === generation && this.#trust.now() < known.until) {
      return this.#stillUnblocked(known.answer)
    }
    const take = ({ answer, until }: Timed): ForwardedAnswer => {
      // The trust may have changed while the answer was computed.
      if (answer.accepted && this.#trust.generation !== generation) {
        return unknown('the trust changed while the certificate was checked')
      }
      this.#remembered.set(identity, { answer, until, generation })
      return answer
    }
    return whenAnswered(() => this.#ask(identity, sent), take, () => unknown('the revocation checker failed'))
  }

  /** Also checks the path that was found: it may have more certificates than the header. */
  #stillUnblocked (answer: ForwardedAnswer): ForwardedAnswer {
    const blocked = answer.accepted && this.#trust.blocksAlways ? this.#trust.findBlocked(answer.identity) : undefined
    return blocked === undefined ? answer : { accepted: false, reason: 'blocked', detail: blocked }
  }

  #ask (identity: PeerIdentity, sent: readonly Uint8Array[]): Timed | Promise<Timed> {
    const leaf = viewDer(identity)
    if (leaf === undefined) return this.#askWithoutPath(identity)
    return whenSettled(this.#trust.evaluate(leaf, { sent }), (decision) => this.#conclude(identity, decision))
  }

  #conclude (identity: PeerIdentity, decision: Decision): Timed | Promise<Timed> {
    if (decision.accepted) {
      this.#trust.tellTolerated(decision)
      const { peer, authority, notAfter, revalidateAt, staleUntil } = decision
      if (this.#verifiedAs !== undefined && authority !== this.#verifiedAs) {
        return this.#refused(
          'outside_authority',
          `${String(identity)} leads to the authority "${authority}"; the gateway verifies as "${this.#verifiedAs}"`
        )
      }
      // A good answer is valid until it expires. One that a soft policy accepted is checked again.
      const until = Math.min(notAfter, staleUntil === Infinity ? revalidateAt : staleUntil)
      return {
        answer: { accepted: true, identity: relinkPeerIdentity(peer, { source: 'forwarded', via: identity.via }) },
        until
      }
    }
    const { reason, detail } = decision
    // The gateway's verdict is not enough: an authority has to tolerate the flaws.
    if (identity.tolerated.length > 0) return this.#refused(reason, detail.message)
    // A trusted CA issued it, and it is not accepted. An attacker with the key of a revoked CA could choose which check
    // fails.
    const isChecked = this.#trust.checksRevocation || this.#trust.isLimited || this.#trust.hasBlocks
    if (FINAL.has(reason) || (isChecked && reason !== 'unknown_ca')) return this.#refused(reason, detail.message)
    return this.#askWithoutPath(identity, detail.message)
  }

  /**
   * If no path was built here, revocation is checked for the path that another validator found. Without any path it is
   * not known who may revoke the certificate, so its status is unknown unless a checker knows it is revoked. The
   * policies decide. The authority is then the one of `verifiedAs`.
   */
  #askWithoutPath (identity: PeerIdentity, why?: string): Timed | Promise<Timed> {
    const blocked = this.#trust.findBlocked(identity)
    if (blocked !== undefined) return this.#refused('blocked', blocked)
    const vouched = this.#limitToVerifiedAs(identity, why)
    if (!vouched.accepted) return { answer: vouched, until: this.#trust.now() + REFUSED_FOR }
    if (!this.#trust.checksRevocation) return { answer: vouched, until: this.#trust.now() + ASK_AGAIN_AFTER }
    const conclude = (statuses: readonly ChainStatus[]): Timed => {
      if (statuses.some(({ state }) => state === 'revoked')) {
        return this.#refused('revoked', `${String(identity)} is revoked`)
      }
      if (statuses.some(({ permitted }) => !permitted)) {
        return this.#refused(
          'revocation_unknown', `${String(identity)} may be revoked: ${why ?? 'no path leads to a trusted CA'}`
        )
      }
      return { answer: vouched, until: this.#trust.now() + ASK_AGAIN_AFTER }
    }
    const { now, revocation } = this.#trust
    const asked = revocation.map((checker: RevocationChecker) => checkChain(checker, identity, { now }))
    return whenAllSettled(asked, conclude)
  }

  /** The identity as the authority of `verifiedAs` vouches for it. */
  #limitToVerifiedAs (identity: PeerIdentity, why: string | undefined): ForwardedAnswer {
    const name = this.#verifiedAs
    if (name === undefined) {
      if (!this.#trust.isLimited) return { accepted: true, identity }
      return {
        accepted: false,
        reason: 'authority_unknown',
        detail: `no authority vouches for ${String(identity)}: ${why ?? 'the gateway forwards no certificate'}; ` +
          'see the option verifiedAs'
      }
    }
    const bounds = this.#trust.boundsOf(name)
    if (bounds === undefined) {
      return {
        accepted: false,
        reason: 'authority_unknown',
        detail: `no authority vouches for ${String(identity)}: verifiedAs is "${name}", ` +
          'which is not an authority for clients at this time'
      }
    }
    const fault = bounds.findFault(identity, name)
    if (fault !== undefined) {
      return { accepted: false, reason: 'outside_authority', detail: `${String(identity)} ${fault.text}` }
    }
    // The gateway verified a path, and knows nothing of SPIFFE.
    if (this.#trust.isSpiffeOnly(name) && identity.spiffeId === undefined) {
      const detail = `${String(identity)} is not an X.509-SVID, and authority "${name}" accepts no others`
      return { accepted: false, reason: 'outside_authority', detail }
    }
    const { believedExtensions, notBelieved } = bounds
    return { accepted: true, identity: limitPeerIdentity(identity, name, notBelieved, believedExtensions) }
  }

  #refused (reason: ForwardedReason, detail: string): Timed {
    return { answer: { accepted: false, reason, detail }, until: this.#trust.now() + REFUSED_FOR }
  }
}

/** Reasons that also refuse a client that a gateway verified. */
const FINAL: ReadonlySet<CertificateReason> = new Set([
  'revoked', 'revocation_unknown', 'outside_authority', 'blocked'
] as const)

/** An answer, and until when it may be used, in milliseconds since the epoch. */
interface Timed { readonly answer: ForwardedAnswer, readonly until: number }

function unknown (detail: string): ForwardedAnswer {
  return { accepted: false, reason: 'revocation_unknown', detail }
}

/**
 * Validates chains that the gateway did not validate, exactly like those of direct connections, including revocation.
 */
export function validateInProcess (trust: Trust): ChainValidator {
  const read = (decision: Decision): ChainVerdict => {
    if (!decision.accepted) {
      return { valid: false, reason: decision.reason, step: decision.detail.step, detail: decision.detail.message }
    }
    trust.tellTolerated(decision)
    const { peer, notAfter, revalidateAt, staleUntil } = decision
    return {
      valid: true,
      path: peer.chain ?? [],
      until: Math.min(notAfter, staleUntil === Infinity ? revalidateAt : staleUntil),
      peer
    }
  }
  return {
    get generation () { return trust.generation },
    validate (leaf, intermediates) {
      return whenSettled(trust.evaluate(leaf, { sent: intermediates }), read)
    }
  }
}
