import type { Dispatcher } from 'undici'
import type { PeerIdentity } from '@peerkit/identity'
import type { Connection } from './connector.ts'
import { explainFirstRequestError } from './explain-error.ts'
import { HandlerRelay } from './handler-relay.ts'
import { toNativeError } from './native-error.ts'
import type { OriginPolicy } from './origin-policy.ts'

/** Where the identity of who answered stands in the `context` of undici's responses. */
export const kServer: unique symbol = Symbol('peerkit.server')
/** Dispatch options carry their exchange under this: undici 7 wraps handlers on the way, so that they cannot be known again. */
export const kExchange: unique symbol = Symbol('peerkit.exchange')
/** Dispatch options may carry a function that is told who answers. */
export const kOnServer: unique symbol = Symbol('peerkit.onServer')

/** The connection that a request is about to be written to, and whether it may be. */
export interface Line {
  readonly origin: string
  readonly connection: Connection | undefined
  mayCarry (connection: Connection): boolean
}

/** Thrown out of `onRequestStart`, which makes undici drop the request before a byte of it is written, and leaves the connection to what it carries. */
class MovedElsewhere extends Error {}

/** One request on its way: says who answers it, what an early end means, and moves on to another connection where the one it was given must not be used any more. */
export class Exchange extends HandlerRelay {
  readonly options: Dispatcher.DispatchOptions
  /** Set when the origin is known to be one of the agent's. */
  policy!: OriginPolicy
  line: Line | undefined
  readonly #isComposed: boolean
  readonly #move: (exchange: Exchange) => void
  #connection: Connection | undefined
  #moved: MovedElsewhere | undefined

  /** @param isComposed whether interceptors stand between this and the caller */
  constructor (handler: Dispatcher.DispatchHandler, options: Dispatcher.DispatchOptions, isComposed: boolean, move: (exchange: Exchange) => void) {
    super(handler)
    this.options = options
    this.#isComposed = isComposed
    this.#move = move
  }

  /** Sends the request by the connections in force. */
  move (): void { this.#move(this) }

  override onRequestStart (controller: Dispatcher.DispatchController, context: any): void {
    const connection = this.line?.connection
    if (connection !== undefined && this.line?.mayCarry(connection) === false) {
      this.#moved = new MovedElsewhere('the connection must carry no new request')
      throw this.#moved
    }
    this.#connection = connection
    const server: PeerIdentity | undefined = connection?.server
    ;(this.options as { [kOnServer]?: (server: PeerIdentity | undefined) => void })[kOnServer]?.(server)
    super.onRequestStart(controller, { ...context, [kServer]: server })
  }

  override onRequestUpgrade (...args: Parameters<HandlerRelay['onRequestUpgrade']>): void {
    if (this.#connection !== undefined) this.#connection.answered = true
    super.onRequestUpgrade(...args)
  }

  override onResponseStart (...args: Parameters<HandlerRelay['onResponseStart']>): void {
    if (this.#connection !== undefined) this.#connection.answered = true
    super.onResponseStart(...args)
  }

  override onResponseError (controller: Dispatcher.DispatchController, error: Error): void {
    if (error === this.#moved) {
      this.#moved = undefined
      this.move()
      return
    }
    const isFirst = this.#connection !== undefined && !this.#connection.answered
    const explained = isFirst ? explainFirstRequestError(error, this.line?.origin ?? '') ?? error : error
    super.onResponseError(controller, this.#isComposed ? toNativeError(explained) : explained)
  }
}
