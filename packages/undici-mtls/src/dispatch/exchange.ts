import type { PeerIdentity } from '@peerkit/identity'
import type { Dispatcher } from 'undici'
import type { Connection } from '../connect/connection.ts'
import { explainFirstRequestError, explainRenegotiation } from '../connect/explain-error.ts'
import type { OriginPolicy } from '../pools/origin-policy.ts'
import { HandlerRelay } from './handlers.ts'

/** Key of the server's identity in the `context` of undici's responses. */
export const kServer: unique symbol = Symbol('peerkit.server')
/**
 * Key of the exchange in dispatch options. undici 7 wraps handlers, so an exchange cannot be recognized as a handler.
 */
export const kExchange: unique symbol = Symbol('peerkit.exchange')
/** Key of an optional function in dispatch options. It is called with the server's identity. */
export const kOnServer: unique symbol = Symbol('peerkit.onServer')

/** The connections to an origin, as far as a request needs them. */
export interface RequestPool {
  readonly policy: OriginPolicy
  /** Whether this origin has answered a request that was sent with the same client certificate. */
  readonly hasAnswered: boolean
  /** Called immediately before a request is written. */
  mayUse (connection: Connection): boolean
  /** Called when the origin has answered on a connection. */
  answered (connection: Connection): void
}

/** The connection that a request is about to be written to. */
export interface PoolSlot {
  readonly pool: RequestPool
  readonly connection: Connection | undefined
  /** What is added to the `context` of responses. */
  readonly context: { readonly [kServer]: PeerIdentity } | undefined
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
    if (connection !== undefined && this.slot?.pool.mayUse(connection) === false) {
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
    this.#noteAnswer()
    this.handler.onRequestUpgrade?.(controller, statusCode, headers, socket)
  }

  override onResponseStart (
    controller: Dispatcher.DispatchController, statusCode: number, headers: any, statusMessage?: string
  ): void {
    this.#noteAnswer()
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

  #noteAnswer (): void {
    if (this.#connection?.answered === false) this.slot?.pool.answered(this.#connection)
  }

  #explain (error: Error): Error {
    const [connection, slot] = [this.#connection, this.slot]
    if (connection === undefined || slot === undefined) return error
    const { hasAnswered, policy: { origin } } = slot.pool
    if (connection.refusedRenegotiation()) return explainRenegotiation(error, origin)
    if (connection.answered) return error
    return explainFirstRequestError(error, origin, { failure: connection.failure, hasAnswered }) ?? error
  }
}

/** Codes that undici's retry and dns interceptors handle. */
const HANDLED_BY_UNDICI = new Set([
  'ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'ENETDOWN', 'ENETUNREACH', 'EHOSTDOWN', 'EHOSTUNREACH', 'EPIPE',
  'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT'
])

const explanations = new WeakMap<object, Error>()

/**
 * Returns the error in the form that undici's interceptors know. They decide by `error.code` whether to retry or to try
 * the next address. So a transient network error is passed through them in its native form, and replaced by the
 * explained error when it leaves them.
 */
function toNativeError (error: Error): Error {
  const { retryable, cause } = error as Error & { retryable?: boolean }
  if (retryable !== true || !(cause instanceof Error) ||
    !HANDLED_BY_UNDICI.has((cause as NodeJS.ErrnoException).code ?? '')) {
    return error
  }
  explanations.set(cause, error)
  return cause
}

/** Returns the explained error for a native one, when it leaves the interceptors. */
export function toExplainedError (error: Error): Error {
  return explanations.get(error) ?? error
}
