import type { PeerIdentity } from '@peerkit/identity'

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

/** The key of a client. */
export function keyOfPeer (peer: PeerIdentity): string { return peer.fingerprint256 ?? peer.toString() }

/** The recent clients. If it is full, the client that was not seen for the longest time is dropped. */
export class ClientBook {
  readonly #capacity: number
  readonly #clients = new Map<string, Entry>()
  #dropped = 0

  constructor (capacity: number) {
    this.#capacity = capacity
  }

  /** How many clients were dropped. */
  get dropped (): number { return this.#dropped }

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

  /** The most recently seen first. */
  list (): SeenClient[] {
    return [...this.#clients.values()].sort((a, b) => b.lastSeen - a.lastSeen).map((entry) => ({
      ...entry,
      addresses: [...entry.addresses]
    }))
  }

  #touch (peer: PeerIdentity, time: number, address: string | undefined): Entry {
    const key = keyOfPeer(peer)
    let entry = this.#clients.get(key)
    if (entry === undefined) {
      if (this.#clients.size >= this.#capacity) this.#makeRoom()
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
      this.#clients.set(key, entry)
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

  #makeRoom (): void {
    let oldest: Entry | undefined
    for (const entry of this.#clients.values()) {
      if (oldest === undefined || entry.lastSeen < oldest.lastSeen) oldest = entry
    }
    if (oldest !== undefined) this.#clients.delete(oldest.key)
    this.#dropped++
  }
}
