import { Agent, Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
import { EMITTER } from '@peerkit/events'
import { outboundIdentified, outboundRefused } from './channels.ts'
import type { Connection, ConnectContext } from './connector.ts'
import { ConnectLimit } from './connect-limit.ts'
import { explainConnectError } from './explain-error.ts'
import { describeRefusal } from './errors.ts'
import type { OutboundErrorFacts } from './errors.ts'
import type { OriginPolicy } from './origin-policy.ts'
import { PeerClient } from './peer-client.ts'
import { reachOrigin } from './reach-origin.ts'
import type { Address } from './reach-origin.ts'

export interface OriginPoolOptions {
  readonly policy: OriginPolicy
  /** The agent, which messages name. */
  readonly emitter: object
  readonly context: ConnectContext
  readonly proxyContext: ConnectContext | undefined
  /** Milliseconds to connect, shake hands and check the server. */
  readonly timeout: number
  readonly agentOptions: object
  /**
   * Called when a connection must not be used any more without a rotation: a certificate or a revocation answer
   * expired.
   */
  readonly onStale: (pool: OriginPool) => void
}

/**
 * The connections to one origin with one snapshot of credentials. It takes new requests until a certificate expires or
 * the trust changes.
 */
export class OriginPool {
  readonly policy: OriginPolicy
  readonly agent: Agent
  /**
   * Takes no new requests. Requests that were assigned to a connection are sent, those that wait move to another pool.
   */
  isRetired = false
  /** Its connections must not even start requests that were assigned to them. */
  isStale = false
  #hasAnswered = false
  readonly #options: OriginPoolOptions
  readonly #source: CredentialSource
  readonly #snapshot: CredentialSnapshot
  readonly #proxySource: CredentialSource | undefined
  readonly #proxySnapshot: CredentialSnapshot | undefined

  constructor (options: OriginPoolOptions) {
    this.#options = options
    this.policy = options.policy
    this.#source = options.context.credentials
    this.#snapshot = this.#source.current
    this.#proxySource = options.proxyContext?.credentials
    this.#proxySnapshot = this.#proxySource?.current
    const makePool = (origin: string | URL, poolOptions: object): Dispatcher => new Pool(origin, {
      ...poolOptions,
      // Never called: each client has its own connector. Without it the pool would create undici's.
      connect: () => {},
      factory: (clientOrigin: URL, clientOptions: object) => new PeerClient(clientOrigin, clientOptions, this)
    } as Pool.Options)
    this.agent = new Agent({ ...options.agentOptions, factory: makePool })
  }

  /** Whether its credentials are still current. */
  get isCurrent (): boolean {
    return !this.isRetired && this.#source.current === this.#snapshot &&
      this.#proxySource?.current === this.#proxySnapshot
  }

  /** Whether the origin has answered a request. All connections of a pool present the same client certificate. */
  get hasAnswered (): boolean { return this.#hasAnswered }

  answered (connection: Connection): void {
    connection.answered = true
    this.#hasAnswered = true
  }

  /** Called immediately before a request is written. */
  mayUse ({ snapshot, validUntil, decision }: Connection): boolean {
    const { credentials, now, trust } = this.#options.context
    const isTrustSame = credentials.current.trustEpoch === snapshot.trustEpoch
    if (!this.isStale && now() < validUntil && isTrustSame && trust.isStillAccepted(decision)) return true
    this.#options.onStale(this)
    return false
  }

  async connect (address: Address, hostname: string): Promise<Connection> {
    const { context, proxyContext, policy, timeout } = this.#options
    const deadline = new ConnectLimit(timeout, policy.origin)
    try {
      const connection = await reachOrigin({ policy, address, hostname, deadline, context, proxyContext })
      this.#publishIdentified(connection)
      return connection
    } catch (error) {
      const explained = explainConnectError(error as Error, policy.origin)
      this.#publishRefused(explained)
      throw explained
    } finally {
      deadline.end()
    }
  }

  #publishIdentified ({ server, decision, resumed, snapshot }: Connection): void {
    if (!outboundIdentified.hasSubscribers) return
    const { tolerated } = decision.current
    outboundIdentified.publish({
      v: 1,
      time: this.#options.context.now(),
      [EMITTER]: () => this.#options.emitter,
      origin: this.policy.origin,
      server,
      resumed,
      generation: snapshot.generation,
      tolerated: tolerated.length === 0 ? undefined : tolerated
    })
  }

  #publishRefused (error: Error & Partial<OutboundErrorFacts> & { readonly code?: string }): void {
    if (!outboundRefused.hasSubscribers) return
    const { code, reason, detail } = error
    const { origin } = this.policy
    outboundRefused.publish({
      v: 1,
      time: this.#options.context.now(),
      [EMITTER]: () => this.#options.emitter,
      origin,
      code,
      reason,
      message: describeRefusal(error),
      detail
    })
  }
}
