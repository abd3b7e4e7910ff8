import * as undici from 'undici'
import { Dispatcher } from 'undici'
import type { fetch } from 'undici'
import { checkAgentOptions, passedOptions } from './agent-options.ts'
import type { MtlsAgentOptions } from './agent-options.ts'
import { bindFetch } from './bound-fetch.ts'
import { composeAgent } from './compose.ts'
import { ConnectionBook } from './connection-book.ts'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'
import { Exchange, kExchange } from './exchange.ts'
import { adaptHandler } from './legacy-handler.ts'
import { acceptMocks } from './mocks.ts'
import { OriginPolicies, readOrigin } from './origin-policy.ts'
import { readTarget } from './target.ts'

const reference = new undici.Agent()

type ExchangeOptions = Dispatcher.DispatchOptions & { servername: string, /** Callers from before undici 7 know no HTTP/2. */ allowH2?: boolean, dispatcher: undefined, [kExchange]?: Exchange }

/**
 * An undici dispatcher that presents live credentials and checks who answered, on every connection. Rotation needs no word: new connections use the credentials in force, older
 * ones finish what they carry and close.
 */
export class MtlsAgent extends Dispatcher {
  readonly #policies: OriginPolicies
  readonly #book: ConnectionBook
  readonly #findMock: (origin: string) => Dispatcher | undefined
  readonly #move = (exchange: Exchange): void => { this.#book.find(exchange.policy).agent.dispatch(exchange.options as undici.Agent.DispatchOptions, exchange) }
  /** `fetch` of the undici that this agent belongs to, bound to it. */
  readonly fetch: typeof fetch

  /** @throws MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_RULE_INVALID */
  constructor (options: MtlsAgentOptions) {
    super()
    // What every undici since 7.0 has.
    if (!('cacheStores' in undici)) throw new MTLS_ERR_OUTBOUND_OPTION('the undici beside this package is older than 7; install undici 7 or 8')
    checkAgentOptions(options)
    this.#policies = new OriginPolicies(options)
    this.#book = new ConnectionBook({ ...options }, passedOptions(options), this.#policies.sources, (event, ...args) => { (this as { emit (event: string, ...args: unknown[]): boolean }).emit(event, ...args) })
    this.#findMock = acceptMocks(this)
    this.fetch = bindFetch((dispatchOptions, handler) => this.dispatch(dispatchOptions, handler))
  }

  get closed (): boolean { return this.#book.isClosed }

  get destroyed (): boolean { return this.#book.isDestroyed }

  /** As undici's Agent says it: sockets and requests by origin. */
  get stats (): Readonly<Record<string, object>> { return this.#book.stats }

  /** Limits on what a WebSocket receives, as undici's Agent has them: undici 7 has none for a dispatcher that says nothing. */
  get webSocketOptions (): object | undefined { return (reference as { webSocketOptions?: object }).webSocketOptions }

  /** Limits on what an EventSource receives. */
  get eventSourceOptions (): object | undefined { return (reference as { eventSourceOptions?: object }).eventSourceOptions }

  /**
   * Who must answer at an origin, for people: what the message of MTLS_ERR_OUTBOUND_WRONG_SERVER calls expected. Opens no connection.
   *
   * @param origin such as `https://ledger.internal:8443`
   * @throws MTLS_ERR_OUTBOUND_OPTION for what is no bare https origin, MTLS_ERR_OUTBOUND_ORIGIN where the agent must not call it
   */
  describeServers (origin: string): string {
    const { hostname } = new URL(readOrigin(origin))
    const { rules, servername } = this.#policies.find(readOrigin(origin))
    return rules.describe(servername ?? hostname.replace(/^\[|\]$/g, ''))
  }

  override dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.#dispatch(options, handler, false)
  }

  /** The agent with interceptors around it. They see network errors by undici's own codes, the caller sees them explained. */
  override compose (interceptors: Dispatcher.DispatcherComposeInterceptor[]): this
  override compose (...interceptors: Dispatcher.DispatcherComposeInterceptor[]): this
  override compose (...interceptors: any[]): this {
    return composeAgent(this, (options, handler) => this.#dispatch(options, handler, true), interceptors, bindFetch)
  }

  /** Refuses new requests and resolves when those in flight are done. */
  override close (): Promise<void>
  override close (callback: () => void): void
  override close (callback?: () => void): Promise<void> | undefined {
    const closed = this.#book.close()
    if (callback === undefined) return closed
    closed.then(callback, callback)
    return undefined
  }

  /** Ends requests in flight with an error. */
  override destroy (error?: Error | null): Promise<void>
  override destroy (callback: () => void): void
  override destroy (error: Error | null, callback: () => void): void
  override destroy (...args: any[]): Promise<void> | undefined {
    const callback = args.find((arg) => typeof arg === 'function')
    const reason = args.find((arg) => arg instanceof Error) ?? null
    const destroyed = this.#book.destroy(reason)
    if (callback === undefined) return destroyed
    destroyed.then(callback, callback)
    return undefined
  }

  #dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, isComposed: boolean): boolean {
    const adapted = adaptHandler(handler)
    const { origin, address, hostname, servername } = readTarget(options, handler)
    // A server name is always said, or else undici takes it from the Host header. The functions of undici 7 leave the dispatcher among the options, which undici 8 refuses.
    const exchangeOptions: ExchangeOptions = { ...options, origin: address, servername: servername ?? hostname, dispatcher: undefined }
    if (adapted !== handler) exchangeOptions.allowH2 = false
    const exchange = new Exchange(adapted, exchangeOptions, isComposed, this.#move)
    exchangeOptions[kExchange] = exchange
    try {
      const generation = this.#book.peek(origin)
      const policy = generation?.policy ?? this.#policies.find(origin)
      if (servername === undefined && policy.servername !== undefined) exchangeOptions.servername = policy.servername
      exchange.policy = policy
      const mock = this.#findMock(address)
      if (mock !== undefined) return mock.dispatch({ ...options, origin: address }, adapted)
      this.#book.assertOpen()
      return (generation ?? this.#book.find(policy)).agent.dispatch(exchangeOptions as undici.Agent.DispatchOptions, exchange)
    } catch (error) {
      // As undici's own dispatchers do: a redirect or a retry has nobody to throw to.
      exchange.onResponseError(undefined as unknown as Dispatcher.DispatchController, error as Error)
      return false
    }
  }
}
