import { Agent, Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
import { outboundIdentified, outboundRefused } from './channels.ts'
import type { Connection, Means } from './connector.ts'
import { Deadline } from './deadline.ts'
import { explainConnectError } from './explain-error.ts'
import type { OutboundErrorFacts } from './errors.ts'
import type { OriginPolicy } from './origin-policy.ts'
import { PeerClient } from './peer-client.ts'
import { reachOrigin } from './reach-origin.ts'
import type { Address } from './reach-origin.ts'

export interface GenerationOptions {
  readonly policy: OriginPolicy
  readonly means: Means
  readonly proxyMeans: Means | undefined
  /** Milliseconds for connecting, shaking hands and checking who answered. */
  readonly timeout: number
  readonly agentOptions: object
  /** Called when a connection of it must not be used any more though nothing was rotated: a certificate or an answer on revocation has ended. */
  readonly onStale: (generation: Generation) => void
}

/** The connections to one origin made under one set of credentials, used for new requests until something of it ends. */
export class Generation {
  readonly policy: OriginPolicy
  readonly agent: Agent
  /** Takes no new requests: those given to a connection are carried, those that wait go elsewhere. */
  isRetired = false
  /** Its connections must not even carry what they were given but did not begin. */
  isStale = false
  readonly #options: GenerationOptions
  readonly #source: CredentialSource
  readonly #snapshot: CredentialSnapshot
  readonly #proxySource: CredentialSource | undefined
  readonly #proxySnapshot: CredentialSnapshot | undefined

  constructor (options: GenerationOptions) {
    this.#options = options
    this.policy = options.policy
    this.#source = options.means.credentials
    this.#snapshot = this.#source.current
    this.#proxySource = options.proxyMeans?.credentials
    this.#proxySnapshot = this.#proxySource?.current
    const makePool = (origin: string | URL, poolOptions: object): Dispatcher => new Pool(origin, {
      ...poolOptions,
      // Never used: each client has a connector of its own. Without it the pool would build undici's.
      connect: () => {},
      factory: (clientOrigin: URL, clientOptions: object) => new PeerClient(clientOrigin, clientOptions, this)
    } as Pool.Options)
    this.agent = new Agent({ ...options.agentOptions, factory: makePool })
  }

  /** Whether its credentials are still those in force. */
  get isCurrent (): boolean {
    return !this.isRetired && this.#source.current === this.#snapshot && this.#proxySource?.current === this.#proxySnapshot
  }

  /** Asked before each request, when the next thing would be to write it. */
  mayCarry ({ snapshot, validUntil, decision }: Connection): boolean {
    const { credentials, now, trust } = this.#options.means
    if (!this.isStale && now() < validUntil && credentials.current.trustEpoch === snapshot.trustEpoch && trust.isStillAccepted(decision)) return true
    this.#options.onStale(this)
    return false
  }

  async connect (address: Address, hostname: string): Promise<Connection> {
    const { means, proxyMeans, policy, timeout } = this.#options
    const deadline = new Deadline(timeout, policy.origin)
    try {
      const connection = await reachOrigin({ policy, address, hostname, deadline, means, proxyMeans })
      this.#tellIdentified(connection)
      return connection
    } catch (error) {
      const explained = explainConnectError(error as Error, policy.origin)
      this.#tellRefused(explained)
      throw explained
    } finally {
      deadline.end()
    }
  }

  #tellIdentified ({ server, resumed, snapshot }: Connection): void {
    if (!outboundIdentified.hasSubscribers) return
    outboundIdentified.publish({ v: 1, time: this.#options.means.now(), origin: this.policy.origin, server, resumed, generation: snapshot.generation })
  }

  #tellRefused (error: Error & Partial<OutboundErrorFacts> & { readonly code?: string }): void {
    if (!outboundRefused.hasSubscribers) return
    const { code, reason, message, detail } = error
    const { origin } = this.policy
    outboundRefused.publish({ v: 1, time: this.#options.means.now(), origin, code, reason, message, detail })
  }
}
