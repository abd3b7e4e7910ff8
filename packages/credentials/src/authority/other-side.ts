import type { RefusalDetail } from '@peerkit/events'
import { createTrustEvaluator } from '@peerkit/trust'
import type { TrustEvaluator } from '@peerkit/trust'
import type { TrustSnapshot } from '../credential-snapshot.ts'
import { authoritiesOf, vouchesFor } from './authorities-of.ts'

/** Signatures that an explanation may take. */
const MAX_SIGNATURES = 4

/** Says of a certificate that nobody vouches for on one side that an authority of the other side would. For packages of this suite, and for explanations alone. */
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

  /** What is wrong with a certificate: as it is told already, or, where no way leads to an authority of this side, that it leads to one of the other. */
  explain (detail: RefusalDetail, leaf: Uint8Array, sent: readonly Uint8Array[]): RefusalDetail {
    if (detail.step !== 'issuer_unknown') return detail
    if (this.#source.current.authorities.every((authority) => vouchesFor(authority, this.#side))) return detail
    const decision = (this.#evaluator ??= this.#create()).evaluate(leaf, { sent })
    if (decision instanceof Promise || !decision.accepted) return detail
    const { peer, authority } = decision
    const message = `${String(peer)} leads to the authority "${authority}", which is for ${this.#side === 'clients' ? 'servers' : 'clients'} alone (option for)`
    return { ...detail, step: 'other_side', message }
  }

  #create (): TrustEvaluator {
    const other = this.#side === 'clients' ? 'servers' : 'clients'
    return createTrustEvaluator({
      authorities: () => authoritiesOf(this.#source.current, other).map(({ name, ca, intermediates = [], partial = false }) => ({ name, ca, intermediates, partial })),
      version: () => this.#source.current.trustEpoch,
      purpose: 'any',
      now: this.#now,
      maxRemembered: 0,
      maxIntermediates: 0,
      limits: { maxSignatures: MAX_SIGNATURES }
    })
  }
}
