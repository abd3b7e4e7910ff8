import type { PeerIdentity } from '@peerkit/identity'

const MAX_REMEMBERED = 10_000

/**
 * The chains that full handshakes verified, by the leaf's fingerprint: a resumed session brings the leaf alone. Bounded; the oldest goes first.
 */
export class VerifiedChains {
  readonly #chains = new Map<string, readonly PeerIdentity[]>()

  remember (fingerprint: string, chain: readonly PeerIdentity[]): void {
    this.#chains.delete(fingerprint)
    this.#chains.set(fingerprint, chain)
    if (this.#chains.size > MAX_REMEMBERED) this.#chains.delete(this.#chains.keys().next().value ?? '')
  }

  recall (fingerprint: string): readonly PeerIdentity[] | undefined {
    return this.#chains.get(fingerprint)
  }
}
