import { listen } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import { BoundedMap } from './bounded-map.ts'
import { clip } from './clip.ts'

/** Who still calls with certificates of one issuer. */
export interface IssuerCallers {
  /** The leaf's issuer, as an RFC 4514 string. */
  readonly issuer: string
  /** The root that vouched for it; undefined where the chain is not known. */
  readonly anchor: string | undefined
  /** Accepted connections and allowed requests since the start. */
  readonly connections: number
  readonly requests: number
  /** Milliseconds since the epoch. */
  readonly firstSeen: number
  readonly lastSeen: number
  /** Who was seen last, in short. */
  readonly lastPeer: string
}

export interface CallersByIssuer {
  /** Seen last comes first. */
  list (): IssuerCallers[]
  close (): void
}

type Entry = { -readonly [key in keyof IssuerCallers]: IssuerCallers[key] }

/** Issuers vouch for their names, so there are as many as the PKI has; bounded all the same. */
const MAX_ISSUERS = 200

/** Counts who calls by whose certificates they use: whether a CA can be taken out. */
export function countCallersByIssuer (): CallersByIssuer {
  const callers = new BoundedMap<string, Entry>(MAX_ISSUERS)
  const entries = new WeakMap<PeerIdentity, Entry>()
  const find = (peer: PeerIdentity, time: number): Entry => {
    const { issuer = 'unknown', anchor } = namesOf(peer)
    const entry = callers.touch(`${issuer}\n${anchor ?? ''}`, () => ({ issuer, anchor, connections: 0, requests: 0, firstSeen: time, lastSeen: time, lastPeer: '' }))
    entry.lastPeer = peer.toString()
    entries.set(peer, entry)
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
      const entry = entries.get(peer) ?? find(peer, time)
      entry.requests++
      entry.lastSeen = time
    }
  })
  return { list: () => [...callers.values()].sort((a, b) => b.lastSeen - a.lastSeen).map((entry) => ({ ...entry })), close: stop }
}

/** Whose certificate it is. A name longer than any of use is cut. */
export function namesOf ({ issuer, chain }: PeerIdentity): { readonly issuer: string | undefined, readonly anchor: string | undefined } {
  const root = chain?.at(-1)
  return { issuer: clip(issuer?.toString()), anchor: clip(root?.subject?.toString()) }
}
