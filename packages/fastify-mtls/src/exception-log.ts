import type { PeerIdentity } from '@peerkit/identity'
import type { RefusalLogger } from './refusal-log.ts'

/** Clients that are remembered as told; a partner has fewer. */
const MAX_TOLD = 1_000

/** Says once of each client that its certificate is for servers alone, and until when it is accepted. */
export class ExceptionLog {
  readonly #log: RefusalLogger
  readonly #told = new Set<string>()

  constructor (log: RefusalLogger) {
    this.#log = log
  }

  /** @param until milliseconds since the epoch */
  write (peer: PeerIdentity, until: number): void {
    const { fingerprint256 = '', authority } = peer
    if (this.#told.has(fingerprint256) || this.#told.size >= MAX_TOLD) return
    this.#told.add(fingerprint256)
    const acceptUntil = new Date(until).toISOString().slice(0, 10)
    this.#log.warn({ peer: peer.toString(), fingerprint256, authority, acceptUntil }, 'the client certificate is for servers alone; it is accepted until acceptUntil')
    if (this.#told.size === MAX_TOLD) this.#log.warn({ logged: MAX_TOLD }, 'more clients with a certificate for servers alone are accepted, without a line for each')
  }
}
