import { secureContextOptions } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import { Gate } from './gate.ts'
import type { MtlsServer } from './gate.ts'
import { Guard } from './guard.ts'
import { deriveTicketKeys } from './ticket-keys.ts'
import { Trust } from './trust.ts'

export interface ServerContextOptions {
  readonly credentials: CredentialSource
  readonly revocation: RevocationChecker | undefined
  readonly mayBeAbsent: boolean
  readonly judgementTimeout: number
  readonly ticketSecret: Uint8Array | undefined
  readonly now: () => number
}

const contexts = new WeakMap<object, ServerContext>()

/** The context of a server that `mtlsServerOptions` made. */
export function contextOf (server: object): ServerContext | undefined {
  return contexts.get(server)
}

/** What all servers of one app share: trust, gate, and following the credentials. */
export class ServerContext {
  readonly options: ServerContextOptions
  readonly trust: Trust
  readonly gate: Gate
  readonly #servers = new Set<MtlsServer>()
  #ends: Array<() => void> = []
  #followed: RevocationChecker | undefined
  #unfollow: (() => void) | undefined

  constructor (options: ServerContextOptions) {
    this.options = options
    const { credentials, revocation, now, mayBeAbsent, judgementTimeout } = options
    this.trust = new Trust(credentials, revocation, now)
    this.gate = new Gate({ trust: this.trust, guard: new Guard(this.trust), mayBeAbsent, judgementTimeout })
  }

  /** Puts a server under the gate and keeps its certificates live until it is closed. */
  adopt (server: MtlsServer): void {
    contexts.set(server, this)
    this.gate.install(server)
    this.#applyTicketKeys(server)
    if (this.#servers.size === 0) this.#follow()
    this.#servers.add(server)
    server.once('close', () => {
      this.#servers.delete(server)
      if (this.#servers.size === 0) this.#leave()
    })
  }

  #follow (): void {
    const { credentials, revocation } = this.options
    this.#ends = [credentials.subscribe((change) => {
      if (change.type !== 'rotated') return
      for (const server of this.#servers) {
        // Everything, every time: what is left out would fall back to a default that trusts the public roots.
        server.setSecureContext(secureContextOptions(change.snapshot))
        this.#applyTicketKeys(server)
      }
      if (change.trustChanged) this.#review()
    })]
    if (revocation !== undefined) this.#ends.push(revocation.subscribe(() => { this.#review() }))
    this.#followLists()
  }

  /** The CRLs of the snapshot in force move by themselves as well: they end. */
  #followLists (): void {
    const { revocation } = this.options.credentials.current
    if (revocation === this.#followed) return
    this.#unfollow?.()
    this.#followed = revocation
    this.#unfollow = revocation?.subscribe(() => { this.#review() })
  }

  #review (): void {
    this.#followLists()
    this.gate.review().catch(() => {})
  }

  #leave (): void {
    for (const end of this.#ends) end()
    this.#unfollow?.()
    this.#ends = []
    this.#followed = undefined
    this.#unfollow = undefined
  }

  #applyTicketKeys (server: MtlsServer): void {
    const { ticketSecret, credentials } = this.options
    if (ticketSecret !== undefined) server.setTicketKeys(deriveTicketKeys(ticketSecret, credentials.current))
  }
}
