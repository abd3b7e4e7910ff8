import type { RefusalDetail } from '@peerkit/events'
import { isThenable } from '@peerkit/identity/internal'
import { createTrustEvaluator } from '@peerkit/trust'
import type { TrustEvaluator } from '@peerkit/trust'
import type { TrustSnapshot } from '../sources/credential-snapshot.ts'
import { authoritiesOf, vouchesFor } from './authorities-of.ts'

/** The most signatures that are verified for an explanation. */
const MAX_SIGNATURES = 4

/**
 * Explains a rejected certificate: if no authority of this side issued it, but one of the other side did, it says so.
 * Used by the packages of this suite, for messages only.
 *
 * @example
 * ```ts
 * const other = new OtherSide(credentials, 'clients', () => Date.now())
 * ```
 */
export class OtherSide {
  readonly #source: { readonly current: TrustSnapshot }
  readonly #side: 'clients' | 'servers'
  readonly #now: () => number
  #evaluator: TrustEvaluator | undefined

  constructor (source: { readonly current: TrustSnapshot }, side: 'clients' | 'servers', now: () => number) {
    this.#source = source
    this.#side = side
    this.#now = now
  }

  /**
   * Returns the detail of a refusal: the given one, or that an authority of the other side issued the certificate.
   *
   * @param detail why the certificate was rejected
   * @param leaf the certificate, DER
   * @param sent the certificates that were sent with it, DER
   */
  explain (detail: RefusalDetail, leaf: Uint8Array, sent: readonly Uint8Array[]): RefusalDetail {
    if (detail.step !== 'unknown_ca') return detail
    if (this.#source.current.authorities.every((authority) => vouchesFor(authority, this.#side))) return detail
    const decision = (this.#evaluator ??= this.#create()).evaluate(leaf, { sent })
    if (isThenable(decision) || !decision.accepted) return detail
    const { peer, authority } = decision
    const which = `the authority "${authority}", which is for ${this.#otherSide} alone (option for)`
    return { ...detail, step: 'other_side', message: `${String(peer)} leads to ${which}` }
  }

  get #otherSide (): 'clients' | 'servers' { return this.#side === 'clients' ? 'servers' : 'clients' }

  #create (): TrustEvaluator {
    return createTrustEvaluator({
      authorities: () => authoritiesOf(this.#source.current, this.#otherSide)
        .map(({ name, ca, intermediates = [], partial = false }) => ({ name, ca, intermediates, partial })),
      version: () => this.#source.current.trustEpoch,
      purpose: 'any',
      now: this.#now,
      cacheSize: 0,
      maxIntermediates: 0,
      limits: { maxSignatures: MAX_SIGNATURES }
    })
  }
}
