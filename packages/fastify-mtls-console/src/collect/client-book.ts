import type { PeerIdentity } from '@peerkit/identity'
import { BoundedGroups, weighIdentity } from '@peerkit/identity/internal'

/** A verified client that was seen since the start. */
export interface SeenClient {
  /** The fingerprint of its certificate, or its text if a gateway forwarded too little for a fingerprint. */
  readonly key: string
  readonly identity: PeerIdentity
  readonly firstSeen: number
  readonly lastSeen: number
  readonly connections: number
  readonly allowed: number
  readonly denied: number
  readonly wouldDeny: number
  /** The latest addresses, at most five, newest first. */
  readonly addresses: readonly string[]
  /**
   * If its certificate has only serverAuth: until when it is accepted, in milliseconds since the epoch, from its last
   * connection. Otherwise undefined.
   */
  readonly serverAuthOnlyUntil: number | undefined
  readonly lastDenial: { readonly time: number, readonly what: string, readonly reason: string | undefined } | undefined
}

type Entry = { -readonly [key in keyof SeenClient]: SeenClient[key] }

const MAX_ADDRESSES = 5
/** The limit for all clients, in bytes, approximately. A usual client takes about 5,000. */
const MAX_BYTES = 64 * 1024 * 1024
/** Bytes of an entry beside its identity. */
const ENTRY_WEIGHT = 1_000

/** The key of a client. */
export function keyOfPeer (peer: PeerIdentity): string { return peer.fingerprint256 ?? peer.toString() }

/**
 * The recent clients, bounded in number and in bytes. If it is full, a client that was not seen recently is dropped, in
 * constant time: of a million clients nearly every request is of one that is not in the book.
 */
export class ClientBook {
  readonly #clients: BoundedGroups<string, Entry>
  #added = 0

  constructor (capacity: number) {
    this.#clients = new BoundedGroups(capacity, MAX_BYTES)
  }

  /** How many clients were dropped. */
  get dropped (): number { return this.#added - this.#clients.size }

  connected (peer: PeerIdentity, time: number, address: string | undefined, serverAuthOnlyUntil?: number): void {
    const entry = this.#touch(peer, time, address)
    entry.connections++
    entry.serverAuthOnlyUntil = serverAuthOnlyUntil
  }

  allowed (peer: PeerIdentity, time: number, address: string | undefined): void {
    this.#touch(peer, time, address).allowed++
  }

  denied (
    peer: PeerIdentity,
    time: number,
    address: string | undefined,
    mode: 'enforce' | 'report-only',
    denial: { readonly what: string, readonly reason: string | undefined }
  ): void {
    const entry = this.#touch(peer, time, address)
    if (mode === 'enforce') entry.denied++
    else entry.wouldDeny++
    entry.lastDenial = { time, ...denial }
  }

  /** The client with this key. */
  find (key: string): Pick<SeenClient, 'identity'> | undefined {
    return this.#clients.of(key)[0]?.value
  }

  /** The most recently seen first. */
  list (): SeenClient[] {
    return Array.from(this.#clients, ({ value }) => value).sort((a, b) => b.lastSeen - a.lastSeen).map((entry) => ({
      ...entry,
      addresses: [...entry.addresses]
    }))
  }

  #touch (peer: PeerIdentity, time: number, address: string | undefined): Entry {
    const key = keyOfPeer(peer)
    const [known] = this.#clients.of(key)
    let entry = known?.value
    if (known !== undefined) known.used = true
    if (entry === undefined) {
      entry = {
        key,
        identity: peer,
        firstSeen: time,
        lastSeen: time,
        connections: 0,
        allowed: 0,
        denied: 0,
        wouldDeny: 0,
        addresses: [],
        serverAuthOnlyUntil: undefined,
        lastDenial: undefined
      }
      this.#clients.add(key, entry, ENTRY_WEIGHT + weighIdentity(peer))
      this.#added++
    }
    entry.lastSeen = time
    // Use the latest identity, because its authority may vouch for less than before. Keep a known chain: not every
    // connection has one.
    if (peer.chain !== undefined || entry.identity.chain === undefined) entry.identity = peer
    if (address !== undefined && entry.addresses[0] !== address) {
      entry.addresses = [address, ...entry.addresses.filter((known) => known !== address)].slice(0, MAX_ADDRESSES)
    }
    return entry
  }
}
