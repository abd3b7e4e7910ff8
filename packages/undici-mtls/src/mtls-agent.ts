import type { EventEmitter } from 'node:events'
import * as undici from 'undici'
import { Dispatcher } from 'undici'
import { checkAgentOptions, passedOptions } from './agent-options.ts'
import type { MtlsAgentOptions } from './agent-options.ts'
import { withoutBrackets } from './connect/host-name.ts'
import { composeAgent } from './dispatch/compose.ts'
import { Exchange, kExchange } from './dispatch/exchange.ts'
import { bindFetch } from './dispatch/fetch.ts'
import type { AgentFetch } from './dispatch/fetch.ts'
import { adaptHandler } from './dispatch/handlers.ts'
import { readTarget, splitUrl } from './dispatch/target.ts'
import type { WithoutUrl } from './dispatch/target.ts'
import { acceptMocks, checkUndici } from './dispatch/undici-internals.ts'
import { ConnectionManager } from './pools/connection-manager.ts'
import { OriginPolicies } from './pools/origin-policy.ts'
import { readOrigin } from './pools/read-origin.ts'

const reference = new undici.Agent()

type ExchangeOptions = Dispatcher.DispatchOptions & {
  servername: string
  /** False for callers of undici 6 and 7 under undici 8. undici 7 ignores it. */
  allowH2?: boolean
  dispatcher: undefined
  [kExchange]?: Exchange
}

/**
 * An undici dispatcher for mutual TLS. It presents a client certificate and checks the server's identity on every
 * connection, before a request is sent. It follows rotation by itself: new connections use the current credentials,
 * older ones finish their requests and close.
 *
 * @example
 * ```ts
 * const agent = new MtlsAgent({ credentials, allowedServers: { cn: 'ledger' } })
 * const app = Fastify(withMtls(credentials, { mtls: { gateOnly: true } })).get('/', async () => 'booked')
 * const origin = await app.listen({ host: '127.0.0.1', port: 0 })
 * const response = await agent.fetch(origin) // or agent.request({ origin, path: '/', method: 'GET' })
 * console.log(await response.text()) // booked
 * await agent.close()
 * await app.close()
 * ```
 */
export class MtlsAgent extends Dispatcher {
  readonly #policies: OriginPolicies
  readonly #connections: ConnectionManager
  readonly #findMock: (origin: string) => Dispatcher | undefined
  readonly #move = (exchange: Exchange): void => {
    this.#connections.find(exchange.policy).agent.dispatch(exchange.options as undici.Agent.DispatchOptions, exchange)
  }

  /** `fetch` that sends through this agent, for code that takes a `fetch` too. It is bound to the agent. */
  readonly fetch: AgentFetch

  /**
   * @param options `credentials` is required
   * @throws OutboundOptionError if an option is wrong
   * @throws RuleInvalidError if a rule is wrong
   */
  constructor (options: MtlsAgentOptions) {
    super()
    checkUndici()
    checkAgentOptions(options)
    this.#policies = new OriginPolicies(options)
    this.#connections = new ConnectionManager(
      { ...options },
      passedOptions(options),
      this.#policies.sources,
      this as unknown as EventEmitter
    )
    this.#findMock = acceptMocks(this)
    this.fetch = bindFetch((dispatchOptions, handler) => this.dispatch(dispatchOptions, handler))
  }

  /** Whether `close()` or `destroy()` was called. */
  get closed (): boolean { return this.#connections.isClosed }

  /** Whether `destroy()` was called. */
  get destroyed (): boolean { return this.#connections.isDestroyed }

  /** Sockets and requests by origin, as in undici's Agent. */
  get stats (): Readonly<Record<string, object>> { return this.#connections.stats }

  /** Limits on what a WebSocket receives, those of undici's Agent. Without them undici 7 applies no limit. */
  get webSocketOptions (): object | undefined { return (reference as { webSocketOptions?: object }).webSocketOptions }

  /** Limits on what an EventSource receives. */
  get eventSourceOptions (): object | undefined {
    return (reference as { eventSourceOptions?: object }).eventSourceOptions
  }

  /**
   * Says in words which server must answer at an origin, as `expected` of OutboundWrongServerError does. Opens no
   * connection.
   *
   * @param origin such as `https://ledger.internal:8443`
   * @throws OutboundOptionError if it is not an https origin
   * @throws OutboundOriginError if the agent must not call it
   * @example
   * ```ts
   * const agent = new MtlsAgent({ credentials, allowedServers: { ou: 'ledger' } })
   * console.log(agent.describeServers('https://ledger.internal:8443'))
   * await agent.close()
   * ```
   */
  describeServers (origin: string): string {
    const { hostname } = new URL(readOrigin(origin))
    const { rules, servername } = this.#policies.find(readOrigin(origin))
    return rules.describe(servername ?? withoutBrackets(hostname))
  }

  /** Sends a request, as undici's `dispatch` does. Errors are passed to the handler. */
  override dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.#dispatch(options, handler, false)
  }

  /**
   * Sends a request, as undici's `request` does, by options or by URL and options.
   *
   * @throws OutboundOptionError if the URL cannot be parsed
   * @example
   * ```ts
   * const agent = new MtlsAgent({ credentials, allowedServers: { cn: 'ledger' } })
   * const app = Fastify(withMtls(credentials, { mtls: { gateOnly: true } })).get('/accounts', async () => 'none')
   * const origin = await app.listen({ host: '127.0.0.1', port: 0 })
   * const { body } = await agent.request(`${origin}/accounts`)
   * console.log(await body.text()) // none
   * await agent.close()
   * await app.close()
   * ```
   */
  override request<TOpaque = null> (
    url: string | URL, options?: WithoutUrl<Dispatcher.RequestOptions<TOpaque>>
  ): Promise<Dispatcher.ResponseData<TOpaque>>
  override request<TOpaque = null> (
    options: Dispatcher.RequestOptions<TOpaque>
  ): Promise<Dispatcher.ResponseData<TOpaque>>
  override request<TOpaque = null> (
    options: Dispatcher.RequestOptions<TOpaque>,
    callback: (error: Error | null, data: Dispatcher.ResponseData<TOpaque>) => void
  ): void
  override request (...args: unknown[]): any {
    return super.request(...splitUrl(args) as [Dispatcher.RequestOptions])
  }

  /** Streams a response into a writable, as undici's `stream` does, by options or by URL and options. */
  override stream<TOpaque = null> (
    url: string | URL,
    options: WithoutUrl<Dispatcher.RequestOptions<TOpaque>>,
    factory: Dispatcher.StreamFactory<TOpaque>
  ): Promise<Dispatcher.StreamData<TOpaque>>
  override stream<TOpaque = null> (
    options: Dispatcher.RequestOptions<TOpaque>, factory: Dispatcher.StreamFactory<TOpaque>
  ): Promise<Dispatcher.StreamData<TOpaque>>
  override stream<TOpaque = null> (
    options: Dispatcher.RequestOptions<TOpaque>,
    factory: Dispatcher.StreamFactory<TOpaque>,
    callback: (error: Error | null, data: Dispatcher.StreamData<TOpaque>) => void
  ): void
  override stream (...args: unknown[]): any {
    return super.stream(...splitUrl(args) as [Dispatcher.RequestOptions, Dispatcher.StreamFactory])
  }

  /**
   * Returns the agent with undici interceptors around it. Interceptors see network errors with undici's codes; the
   * caller sees the errors of this package.
   *
   * @param interceptors such as undici's `interceptors.retry()`
   * @example
   * ```ts
   * const { interceptors } = await import('undici')
   * const agent = new MtlsAgent({ credentials })
   * const retrying = agent.compose(interceptors.retry({ maxRetries: 2 }))
   * await retrying.close()
   * ```
   */
  override compose (interceptors: Dispatcher.DispatcherComposeInterceptor[]): this
  override compose (...interceptors: Dispatcher.DispatcherComposeInterceptor[]): this
  override compose (...interceptors: any[]): this {
    return composeAgent(this, (options, handler) => this.#dispatch(options, handler, true), interceptors)
  }

  /** Refuses new requests, and resolves when those in flight are done. */
  override close (): Promise<void>
  override close (callback: () => void): void
  override close (callback?: () => void): Promise<void> | undefined {
    const closed = this.#connections.close()
    if (callback === undefined) return closed
    closed.then(callback, callback)
    return undefined
  }

  /** Ends requests in flight with an error, and closes all connections. */
  override destroy (error?: Error | null): Promise<void>
  override destroy (callback: () => void): void
  override destroy (error: Error | null, callback: () => void): void
  override destroy (...args: any[]): Promise<void> | undefined {
    const callback = args.find((arg) => typeof arg === 'function')
    const reason = args.find((arg) => arg instanceof Error) ?? null
    this.#policies.abortResolvers()
    const destroyed = this.#connections.destroy(reason)
    if (callback === undefined) return destroyed
    destroyed.then(callback, callback)
    return undefined
  }

  #dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, isComposed: boolean): boolean {
    const adapted = adaptHandler(handler)
    const { origin, address, hostname, servername } = readTarget(options, handler)
    // The server name is always set: otherwise undici takes it from the Host header. The functions of undici 7 leave
    // the dispatcher among the options, which undici 8 refuses.
    const exchangeOptions: ExchangeOptions = {
      ...options, origin: address, servername: servername ?? hostname, dispatcher: undefined
    }
    // As undici 8 does it, whose WebSocket over HTTP/2 older callers do not know. Under undici 7 all callers are such.
    if (adapted !== handler) exchangeOptions.allowH2 = false
    const exchange = new Exchange(adapted, exchangeOptions, isComposed, this.#move)
    exchangeOptions[kExchange] = exchange
    try {
      const pool = this.#connections.peek(origin)
      const policy = pool?.policy ?? this.#policies.find(origin)
      if (servername === undefined && policy.servername !== undefined) exchangeOptions.servername = policy.servername
      exchange.policy = policy
      const mock = this.#findMock(address)
      if (mock !== undefined) return mock.dispatch({ ...options, origin: address }, adapted)
      this.#connections.assertOpen()
      return (pool ?? this.#connections.find(policy)).agent.dispatch(
        exchangeOptions as undici.Agent.DispatchOptions, exchange
      )
    } catch (error) {
      // Like undici's own dispatchers: in a redirect or a retry there is no caller to throw to.
      exchange.onResponseError(undefined as unknown as Dispatcher.DispatchController, error as Error)
      return false
    }
  }
}
