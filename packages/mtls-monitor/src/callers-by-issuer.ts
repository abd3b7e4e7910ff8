import { listen } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import { LRUCache } from 'lru-cache'

/** The clients that use certificates of one issuer. */
export interface IssuerCallers {
  /** The issuer of the leaf, as an RFC 4514 string. */
  readonly issuer: string
  /** The root of the path. Undefined if the path is not known. */
  readonly anchor: string | undefined
  /** Accepted connections and allowed requests since the start. */
  readonly connections: number
  readonly requests: number
  /** Milliseconds since the epoch. */
  readonly firstSeen: number
  readonly lastSeen: number
  /** The short name of the client that was seen last. */
  readonly lastPeer: string
}

/** Options of {@link countCallersByIssuer}. */
export interface CallersOptions {
  /** The HTTP server of an app (`app.server`), to count only the clients of this app. Default: the whole process. */
  readonly server?: object | undefined
}

/** Counts clients by issuer. */
export interface CallersByIssuer {
  /** The issuers, the most recently seen first. */
  list (): IssuerCallers[]
  close (): void
}

type Entry = { -readonly [key in keyof IssuerCallers]: IssuerCallers[key] }

/** Only verified issuers are counted, so there are as many as the PKI has. Beyond the bound, those in use stay. */
const MAX_ISSUERS = 200

/**
 * Counts accepted connections and allowed requests by the issuer of the client's certificate. It shows whether any
 * client still uses a CA that you want to remove.
 *
 * @param options `server`; default: the whole process
 * @returns the counter; close it with `close()`
 * @example
 * ```ts
 * const callers = countCallersByIssuer()
 * for (const { issuer, lastPeer, requests } of callers.list()) console.log(issuer, lastPeer, requests)
 * callers.close()
 * ```
 */
export function countCallersByIssuer ({ server }: CallersOptions = {}): CallersByIssuer {
  const callers = new LRUCache<string, Entry>({ max: MAX_ISSUERS })
  /** Keys in place of entries: one that is dropped must not be counted on where nobody sees it. */
  const keys = new WeakMap<PeerIdentity, string>()
  const find = (peer: PeerIdentity, time: number): Entry => {
    const { issuer = 'unknown', anchor } = namesOf(peer)
    const key = `${issuer}\n${anchor ?? ''}`
    const entry = callers.get(key) ?? {
      issuer,
      anchor,
      connections: 0,
      requests: 0,
      firstSeen: time,
      lastSeen: time,
      lastPeer: ''
    }
    callers.set(key, entry)
    entry.lastPeer = peer.toString()
    keys.set(peer, key)
    return entry
  }
  const stop = listen({
    'peerkit:connection:identified': ({ peer, time }) => {
      const entry = find(peer, time)
      entry.connections++
      entry.lastSeen = time
    },
    'peerkit:request:allowed': ({ peer, time }) => {
      if (peer === null) return
      const key = keys.get(peer)
      const entry = (key === undefined ? undefined : callers.get(key)) ?? find(peer, time)
      entry.requests++
      entry.lastSeen = time
    }
  }, { server })
  return {
    list: () => [...callers.values()].sort((a, b) => b.lastSeen - a.lastSeen).map((entry) => ({ ...entry })),
    close: stop
  }
}

/** The names of issuer and root, clipped. */
export function namesOf (
  { issuer, chain }: PeerIdentity
): { readonly issuer: string | undefined, readonly anchor: string | undefined } {
  const root = chain?.at(-1)
  return { issuer: clip(issuer?.toString()), anchor: clip(root?.subject?.toString()) }
}
