import type { PeerIdentity } from '@peerkit/identity'
import type { RefusalLogger } from './refusal-log.ts'

/** The most clients to log. */
const MAX_LOGGED = 1_000

/** Logs each client with a certificate for servers only once, with the day until which it is accepted. */
export class ExceptionLog {
  readonly #log: RefusalLogger
  readonly #logged = new Set<string>()

  constructor (log: RefusalLogger) {
    this.#log = log
  }

  /** @param until milliseconds since the epoch */
  write (peer: PeerIdentity, until: number): void {
    const { fingerprint256 = '', authority } = peer
    if (this.#logged.has(fingerprint256) || this.#logged.size >= MAX_LOGGED) return
    this.#logged.add(fingerprint256)
    const acceptUntil = new Date(until).toISOString().slice(0, 10)
    this.#log.warn(
      { peer: peer.toString(), fingerprint256, authority, acceptUntil },
      'the client certificate is for servers only; it is accepted until acceptUntil'
    )
    if (this.#logged.size === MAX_LOGGED) {
      this.#log.warn(
        { logged: MAX_LOGGED }, 'more clients with certificates for servers only are accepted; they are not logged'
      )
    }
  }
}
