import type { PeerIdentity } from '@peerkit/identity'
import type { OutboundService } from '../options.ts'
import { showCertificate } from '../trust/show-certificate.ts'
import type { ShownCertificate } from '../trust/show-certificate.ts'

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

/** A server that this service calls. */
export interface ShownService extends Omit<SeenServer, 'identity'> {
  /** Undefined if it is not declared. */
  readonly name: string | undefined
  /** The expected server. */
  readonly expects: string | undefined
  /** The last server. */
  readonly server: ShownCertificate | undefined
}

const NEVER: Omit<SeenServer, 'origin'> = {
  identity: undefined,
  identifiedAt: undefined,
  connections: 0,
  refused: 0,
  lastRefusal: undefined
}

/** Declared services, then other origins that were called. */
export function listServices (services: readonly OutboundService[], seen: readonly SeenServer[]): ShownService[] {
  const declared = services.map(({ name, origin, expects }) => {
    return show(name, expects, seen.find((server) => server.origin === origin) ?? { ...NEVER, origin })
  })
  const others = seen.filter(({ origin }) => !services.some((service) => service.origin === origin))
  return [...declared, ...others.map((server) => show(undefined, undefined, server))]
}

function show (name: string | undefined, expects: string | undefined, { identity, ...rest }: SeenServer): ShownService {
  return { name, expects, server: identity === undefined ? undefined : showCertificate(identity), ...rest }
}
