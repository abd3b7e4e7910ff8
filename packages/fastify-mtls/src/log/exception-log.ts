import type { PeerIdentity } from '@peerkit/identity'
import type { RefusalLogger } from './refusal-log.ts'

/** The most clients to log. */
const MAX_LOGGED = 1_000

/** Logs each client that is accepted by an exception only once. */
export class ExceptionLog {
  readonly #log: RefusalLogger
  readonly #text: string
  readonly #more: string
  readonly #logged = new Set<string>()

  /**
   * @param text says what is accepted
   * @param more says that further clients are not logged
   */
  constructor (log: RefusalLogger, text: string, more: string) {
    this.#log = log
    this.#text = text
    this.#more = more
  }

  /** @param facts about the exception, for the line */
  write (peer: PeerIdentity, facts: object): void {
    const { fingerprint256 = '', authority } = peer
    if (this.#logged.has(fingerprint256) || this.#logged.size >= MAX_LOGGED) return
    this.#logged.add(fingerprint256)
    this.#log.warn({ peer: peer.toString(), fingerprint256, authority, ...facts }, this.#text)
    if (this.#logged.size === MAX_LOGGED) this.#log.warn({ logged: MAX_LOGGED }, this.#more)
  }
}
