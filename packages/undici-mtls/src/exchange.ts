import type { Dispatcher } from 'undici'
import type { PeerIdentity } from '@peerkit/identity'
import type { Connection } from './connector.ts'
import { explainFirstRequestError, explainRenegotiation } from './explain-error.ts'
import { HandlerRelay } from './handler-relay.ts'
import { toNativeError } from './native-error.ts'
import type { OriginPolicy } from './origin-policy.ts'

/** Key of the server's identity in the `context` of undici's responses. */
export const kServer: unique symbol = Symbol('peerkit.server')
/**
 * Key of the exchange in dispatch options. undici 7 wraps handlers, so an exchange cannot be recognized as a handler.
 */
export const kExchange: unique symbol = Symbol('peerkit.exchange')
/** Key of an optional function in dispatch options. It is called with the server's identity. */
export const kOnServer: unique symbol = Symbol('peerkit.onServer')

/** The connection that a request is about to be written to, and whether it may be. */
export interface PoolSlot {
  readonly origin: string
  readonly connection: Connection | undefined
  /** What is added to the `context` of responses. */
  readonly context: { readonly [kServer]: PeerIdentity } | undefined
  mayUse (connection: Connection): boolean
  /** Whether this origin has answered a request that was sent with the same client certificate. */
  readonly hasAnswered: boolean
  /** Called when the origin has answered on a connection. */
  answered (connection: Connection): void
}

/**
 * Thrown from `onRequestStart`. undici then aborts this request before anything is written; other requests on the
 * connection continue. The request is sent again on a current connection.
 */
class MovedToAnotherConnection extends Error {}

/**
 * Handles one request: reports the server's identity, explains an early end of the connection, and moves to another
 * connection if the assigned one must not be used any more.
 */
export class Exchange extends HandlerRelay {
  readonly options: Dispatcher.DispatchOptions
  /** Set once the origin is known to be allowed. */
  policy!: OriginPolicy
  slot: PoolSlot | undefined
  readonly #isComposed: boolean
  readonly #move: (exchange: Exchange) => void
  #connection: Connection | undefined
  #moved: MovedToAnotherConnection | undefined

  /** @param isComposed whether there are interceptors between this and the caller */
  constructor (
    handler: Dispatcher.DispatchHandler,
    options: Dispatcher.DispatchOptions,
    isComposed: boolean,
    move: (exchange: Exchange) => void
  ) {
    super(handler)
    this.options = options
    this.#isComposed = isComposed
    this.#move = move
  }

  /** Sends the request again, on a current connection. */
  move (): void { this.#move(this) }

  override onRequestStart (controller: Dispatcher.DispatchController, context: any): void {
    const connection = this.slot?.connection
    if (connection !== undefined && this.slot?.mayUse(connection) === false) {
      this.#moved = new MovedToAnotherConnection('the connection must carry no new request')
      throw this.#moved
    }
    this.#connection = connection
    ;(this.options as { [kOnServer]?: (server: PeerIdentity | undefined) => void })[kOnServer]?.(connection?.server)
    this.handler.onRequestStart?.(
      controller,
      context === null || context === undefined ? this.slot?.context ?? null : { ...context, ...this.slot?.context }
    )
  }

  override onRequestUpgrade (
    controller: Dispatcher.DispatchController, statusCode: number, headers: any, socket: any
  ): void {
    if (this.#connection?.answered === false) this.slot?.answered(this.#connection)
    this.handler.onRequestUpgrade?.(controller, statusCode, headers, socket)
  }

  override onResponseStart (
    controller: Dispatcher.DispatchController, statusCode: number, headers: any, statusMessage?: string
  ): void {
    if (this.#connection?.answered === false) this.slot?.answered(this.#connection)
    this.handler.onResponseStart?.(controller, statusCode, headers, statusMessage)
  }

  override onResponseError (controller: Dispatcher.DispatchController, error: Error): void {
    if (error === this.#moved) {
      this.#moved = undefined
      this.move()
      return
    }
    const explained = this.#explain(error)
    super.onResponseError(controller, this.#isComposed ? toNativeError(explained) : explained)
  }

  #explain (error: Error): Error {
    const [connection, { origin = '', hasAnswered = false } = {}] = [this.#connection, this.slot]
    if (connection === undefined) return error
    if (connection.refusedRenegotiation()) return explainRenegotiation(error, origin)
    if (connection.answered) return error
    return explainFirstRequestError(error, origin, { failure: connection.failure, hasAnswered }) ?? error
  }
}
