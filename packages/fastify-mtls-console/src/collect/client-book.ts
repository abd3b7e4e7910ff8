import type { PeerIdentity } from '@peerkit/identity'

/** A client that proved who it is, as it was seen since the start. */
export interface SeenClient {
  /** Its certificate's fingerprint, or where a gateway passed on too little for one, its text. */
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
   * Until when it is accepted although its certificate is for servers alone, in milliseconds since the epoch, as its last
   * connection said; undefined where it is accepted as any client.
   */
  readonly serverAuthOnlyUntil: number | undefined
  readonly lastDenial: { readonly time: number, readonly what: string, readonly reason: string | undefined } | undefined
}

type Entry = { -readonly [key in keyof SeenClient]: SeenClient[key] }

const MAX_ADDRESSES = 5

/** How clients are known. */
export function keyOfPeer (peer: PeerIdentity): string { return peer.fingerprint256 ?? peer.toString() }

/** The clients seen lately. Where it is full, the one that was silent for longest makes room. */
export class ClientBook {
  readonly #capacity: number
  readonly #clients = new Map<string, Entry>()
  #dropped = 0

  constructor (capacity: number) {
    this.#capacity = capacity
  }

  /** How many clients made room for others. */
  get dropped (): number { return this.#dropped }

  connected (peer: PeerIdentity, time: number, address: string | undefined, serverAuthOnlyUntil?: number): void {
    const entry = this.#touch(peer, time, address)
    entry.connections++
    entry.serverAuthOnlyUntil = serverAuthOnlyUntil
  }

  allowed (peer: PeerIdentity, time: number, address: string | undefined): void { this.#touch(peer, time, address).allowed++ }

  denied (peer: PeerIdentity, time: number, address: string | undefined, mode: 'enforce' | 'report-only', denial: { readonly what: string, readonly reason: string | undefined }): void {
    const entry = this.#touch(peer, time, address)
    if (mode === 'enforce') entry.denied++
    else entry.wouldDeny++
    entry.lastDenial = { time, ...denial }
  }

  /** Seen last comes first. */
  list (): SeenClient[] {
    return [...this.#clients.values()].sort((a, b) => b.lastSeen - a.lastSeen).map((entry) => ({ ...entry, addresses: [...entry.addresses] }))
  }

  #touch (peer: PeerIdentity, time: number, address: string | undefined): Entry {
    const key = keyOfPeer(peer)
    let entry = this.#clients.get(key)
    if (entry === undefined) {
      if (this.#clients.size >= this.#capacity) this.#makeRoom()
      entry = { key, identity: peer, firstSeen: time, lastSeen: time, connections: 0, allowed: 0, denied: 0, wouldDeny: 0, addresses: [], serverAuthOnlyUntil: undefined, lastDenial: undefined }
      this.#clients.set(key, entry)
    }
    entry.lastSeen = time
    // The latest counts: its authority may vouch for less than it did. But the chain is not known on every connection.
    if (peer.chain !== undefined || entry.identity.chain === undefined) entry.identity = peer
    if (address !== undefined && entry.addresses[0] !== address) entry.addresses = [address, ...entry.addresses.filter((known) => known !== address)].slice(0, MAX_ADDRESSES)
    return entry
  }

  #makeRoom (): void {
    let oldest: Entry | undefined
    for (const entry of this.#clients.values()) if (oldest === undefined || entry.lastSeen < oldest.lastSeen) oldest = entry
    if (oldest !== undefined) this.#clients.delete(oldest.key)
    this.#dropped++
  }
}
