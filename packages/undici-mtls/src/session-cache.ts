import { LRUCache } from 'lru-cache'
import type { PresentedServer } from './node-internals.ts'

/**
 * A TLS session with the certificates of its full handshake. A resumed session sends no certificates, so these are
 * evaluated again.
 */
export interface CachedSession { readonly session: Buffer, readonly presented: PresentedServer }

const MAX_KEYS = 256
const MAX_PER_KEY = 8

/**
 * The TLS sessions of one credential source, by destination. Limited to 256 destinations (the least recently used are
 * dropped) and 8 sessions each (the newest are kept). A session is removed when it is used, since a ticket of TLS 1.3
 * is for one use (RFC 8446 appendix C.4).
 */
export class SessionCache {
  readonly #sessions = new LRUCache<string, CachedSession[]>({ max: MAX_KEYS })

  get size (): number { return this.#sessions.size }

  put (key: string, session: CachedSession): void {
    const own = this.#sessions.get(key) ?? []
    this.#sessions.set(key, own)
    own.push(session)
    if (own.length > MAX_PER_KEY) own.shift()
  }

  /** Removes and returns the newest session of a key. */
  take (key: string): CachedSession | undefined {
    const own = this.#sessions.get(key)
    const session = own?.pop()
    if (own?.length === 0) this.#sessions.delete(key)
    return session
  }

  /** Removes the sessions of a key, when its server is not accepted any more. */
  drop (key: string): void { this.#sessions.delete(key) }

  /** Removes all sessions, after a rotation. */
  clear (): void { this.#sessions.clear() }
}
