import type { PeerIdentity } from '@peerkit/identity'

/** An origin that this process called, and its server. */
export interface SeenServer {
  readonly origin: string
  /** The last accepted server. Undefined if none was accepted. */
  readonly identity: PeerIdentity | undefined
  readonly identifiedAt: number | undefined
  readonly connections: number
  readonly refused: number
  readonly lastRefusal: {
    readonly time: number
    readonly code: string | undefined
    readonly reason: string | undefined
    readonly message: string | undefined
  } | undefined
}

type Entry = { -readonly [key in keyof SeenServer]: SeenServer[key] }

/** The recent origins. If it is full, the origin that was called first is dropped. */
export class ServerBook {
  readonly #capacity: number
  readonly #servers = new Map<string, Entry>()

  constructor (capacity: number) {
    this.#capacity = capacity
  }

  identified (origin: string, time: number, server: PeerIdentity): void {
    const entry = this.#touch(origin)
    entry.connections++
    entry.identity = server
    entry.identifiedAt = time
  }

  refused (origin: string, refusal: NonNullable<SeenServer['lastRefusal']>): void {
    const entry = this.#touch(origin)
    entry.refused++
    entry.lastRefusal = refusal
  }

  list (): SeenServer[] { return [...this.#servers.values()].map((entry) => ({ ...entry })) }

  #touch (origin: string): Entry {
    let entry = this.#servers.get(origin)
    if (entry === undefined) {
      if (this.#servers.size >= this.#capacity) this.#servers.delete(this.#servers.keys().next().value as string)
      entry = {
        origin,
        identity: undefined,
        identifiedAt: undefined,
        connections: 0,
        refused: 0,
        lastRefusal: undefined
      }
      this.#servers.set(origin, entry)
    }
    return entry
  }
}
