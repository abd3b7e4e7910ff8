import type { TLSSocket } from 'node:tls'
import type { CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
import { EMITTER, outboundIdentified, outboundRefused } from '@peerkit/events'
import { Agent, Client, errors, Pool } from 'undici'
import type { Dispatcher } from 'undici'
import { ConnectLimit } from '../connect/connection.ts'
import type { ConnectContext, Connection } from '../connect/connection.ts'
import { explainConnectError } from '../connect/explain-error.ts'
import { withoutRootDot } from '../connect/host-name.ts'
import { kExchange, kServer } from '../dispatch/exchange.ts'
import type { Exchange, PoolSlot, RequestPool } from '../dispatch/exchange.ts'
import { OutboundUnreachableError, OutboundWrongServerError } from '../errors.ts'
import type { OutboundError, ServerRefusal } from '../errors.ts'
import type { OriginPolicy } from './origin-policy.ts'
import { reachAddresses } from './reach-addresses.ts'
import { reachOrigin, withoutH2 } from './reach-origin.ts'
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
export class OriginPool implements RequestPool {
  readonly policy: OriginPolicy
  readonly agent: Agent
  /**
   * Takes no new requests. Requests that were assigned to a connection are sent, those that wait move to another pool.
   */
  isRetired = false
  /** Its connections must not even start requests that were assigned to them. */
  isStale = false
  /** All connections of a pool present the same client certificate. */
  hasAnswered = false
  readonly #options: OriginPoolOptions
  readonly #source: CredentialSource
  readonly #snapshot: CredentialSnapshot
  readonly #proxySource: CredentialSource | undefined
  readonly #proxySnapshot: CredentialSnapshot | undefined
  /** The pools of `agent`, which forgets them when it is closed, although their requests still run. */
  readonly #pools = new Set<Dispatcher & { readonly destroyed: boolean }>()

  constructor (options: OriginPoolOptions) {
    this.#options = options
    this.policy = options.policy
    this.#source = options.context.credentials
    this.#snapshot = this.#source.current
    this.#proxySource = options.proxyContext?.credentials
    this.#proxySnapshot = this.#proxySource?.current
    const makePool = (origin: string | URL, poolOptions: object): Dispatcher => this.#keep(new Pool(origin, {
      ...poolOptions,
      // Never called: each client has its own connector. Without it the pool would create undici's.
      connect: () => {},
      factory: (clientOrigin: URL, clientOptions: object) => new PeerClient(clientOrigin, clientOptions, this)
    } as Pool.Options))
    this.agent = new Agent({ ...options.agentOptions, factory: makePool })
  }

  /** Whether its credentials are still current. */
  get isCurrent (): boolean {
    return !this.isRetired && this.#source.current === this.#snapshot &&
      this.#proxySource?.current === this.#proxySnapshot
  }

  /** Ends all requests, also those that run on after the agent was closed. */
  async destroy (reason: Error | null): Promise<void> {
    await Promise.all([this.agent, ...this.#pools].map(async (each) => { await each.destroy(reason) }))
    this.#pools.clear()
  }

  #keep (pool: Pool): Pool {
    // The agent drops pools that nobody uses, and creates others.
    for (const known of this.#pools) if (known.destroyed) this.#pools.delete(known)
    this.#pools.add(pool)
    return pool
  }

  answered (connection: Connection): void {
    connection.answered = true
    this.hasAnswered = true
  }

  mayUse ({ snapshot, validUntil, decision }: Connection): boolean {
    const { credentials, now, trust } = this.#options.context
    const isTrustSame = credentials.current.trustEpoch === snapshot.trustEpoch
    if (!this.isStale && now() < validUntil && isTrustSame && trust.isStillAccepted(decision)) return true
    this.#options.onStale(this)
    return false
  }

  /** @param allowH2 false if the requests of this connection must stay on HTTP/1.1 */
  async connect (address: Address, hostname: string, allowH2: boolean): Promise<Connection> {
    const { proxyContext, policy, timeout } = this.#options
    const context = allowH2 ? this.#options.context : withoutH2(this.#options.context)
    const deadline = new ConnectLimit(timeout, () => timedOut(policy.origin, timeout))
    try {
      const reach = { policy, address, hostname, deadline, context, proxyContext }
      const { resolver } = policy
      const connection = resolver === undefined
        ? await reachOrigin(reach)
        : await reachAddresses({
          ...reach, resolver, timeout, makeTimeout: (milliseconds) => timedOut(policy.origin, milliseconds)
        })
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

  #publishRefused (error: Error & Partial<OutboundError & ServerRefusal>): void {
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

/** The whole reason of a refusal, for events. It must not reach callers. */
function describeRefusal (error: Error): string {
  return error instanceof OutboundWrongServerError
    ? `${error.message}: found ${error.found}; expected ${error.expected}`
    : error.message
}

/** Its cause has the code by which undici's retry interceptor knows it. */
function timedOut (origin: string, milliseconds: number): Error {
  const message = `no connection within ${milliseconds} ms`
  const cause = new errors.ConnectTimeoutError(message)
  return new OutboundUnreachableError(origin, message, { reason: 'timeout', retryable: true }, { cause })
}

/** What undici passes to connectors. */
interface ConnectTarget extends Address { readonly servername?: string | null }

/** An undici client with one connection at a time, and the identity of its server. */
class PeerClient extends Client {
  readonly #slot: PoolSlot
  readonly #pool: OriginPool

  /** @param options of undici 8, with `allowH2: false` in the pool for requests that must stay on HTTP/1.1 */
  constructor (origin: string | URL, options: { readonly allowH2?: boolean }, pool: OriginPool) {
    const { allowH2 = true } = options
    const slot: { -readonly [key in keyof PoolSlot]: PoolSlot[key] } = {
      pool, connection: undefined, context: undefined
    }
    const connect = (
      target: ConnectTarget, callback: (error: Error | null, socket: TLSSocket | null) => void
    ): void => {
      const { servername } = target
      const hasName = servername !== undefined && servername !== null && servername !== ''
      pool.connect(target, withoutRootDot(hasName ? servername : target.hostname), allowH2).then((connection) => {
        slot.connection = connection
        slot.context = Object.freeze({ [kServer]: connection.server })
        callback(null, connection.socket)
      }, (error: Error) => { callback(error, null) })
    }
    super(origin as URL, { ...options, connect: connect as any })
    this.#slot = slot
    this.#pool = pool
  }

  override dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const exchange = (options as { [kExchange]?: Exchange })[kExchange]
    // Requests that waited in a retired pool move to the next one. Returning true lets the pool pass on all of them.
    if (exchange !== undefined && this.#pool.isRetired) {
      exchange.move()
      return true
    }
    if (exchange !== undefined) exchange.slot = this.#slot
    return super.dispatch(options, handler)
  }
}
