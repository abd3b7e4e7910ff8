import type { PresentedServer } from './node-internals.ts'

/** A TLS session with what the server presented in its full handshake: on resumption it sends nothing, and is evaluated by that again. */
export interface CachedSession { readonly session: Buffer, readonly presented: PresentedServer }

const MOST_KEYS = 256
const MOST_PER_KEY = 8

/**
 * TLS sessions of one credential source, by where they lead. Held strongly and bounded: 256 keys, the least recently used go first, and 8 sessions each, the newest are kept. A session
 * is taken out when it is used, since TLS 1.3 means each ticket for one use (RFC 8446 appendix C.4).
 */
export class SessionCache {
  readonly #sessions = new Map<string, CachedSession[]>()

  get size (): number { return this.#sessions.size }

  put (key: string, session: CachedSession): void {
    const own = this.#sessions.get(key) ?? []
    this.#sessions.delete(key)
    this.#sessions.set(key, own)
    own.push(session)
    if (own.length > MOST_PER_KEY) own.shift()
    if (this.#sessions.size > MOST_KEYS) this.#sessions.delete(this.#sessions.keys().next().value ?? '')
  }

  /** The newest session of a key, for this one use. */
  take (key: string): CachedSession | undefined {
    const own = this.#sessions.get(key)
    const session = own?.pop()
    if (own?.length === 0) this.#sessions.delete(key)
    return session
  }

  /** Forgets the sessions of a key: who answered under them is not wanted any more. */
  drop (key: string): void { this.#sessions.delete(key) }

  /** Forgets everything: after a rotation no session of before is resumed. */
  clear (): void { this.#sessions.clear() }
}
