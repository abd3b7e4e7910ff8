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

  /** A sentence; undefined where no authority of the other side vouches for it. */
  explain (leaf: Uint8Array, sent: readonly Uint8Array[]): string | undefined {
    if (this.#source.current.authorities.every((authority) => vouchesFor(authority, this.#side))) return undefined
    const decision = (this.#evaluator ??= this.#create()).evaluate(leaf, { sent })
    if (decision instanceof Promise || !decision.accepted) return undefined
    const { peer, authority } = decision
    return `${String(peer)} leads to the authority "${authority}", which is for ${this.#side === 'clients' ? 'servers' : 'clients'} alone (option for)`
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
