import type { Dispatcher } from 'undici'
import type { PeerIdentity } from '@peerkit/identity'
import type { Connection } from './connector.ts'
import { explainFirstRequestError } from './explain-error.ts'

/** Where the identity of who answered stands in the `context` of undici's responses. */
export const kServer: unique symbol = Symbol('peerkit.server')

/** Follows one request on one connection: says who answers it, and what an early end means. */
export class ResponseHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #connection: () => Connection | undefined
  readonly #origin: string

  constructor (handler: Dispatcher.DispatchHandler, connection: () => Connection | undefined, origin: string) {
    this.#handler = handler
    this.#connection = connection
    this.#origin = origin
  }

  onRequestStart (controller: Dispatcher.DispatchController, context: any): void {
    const server: PeerIdentity | undefined = this.#connection()?.server
    this.#handler.onRequestStart?.(controller, { ...context, [kServer]: server })
  }

  onRequestUpgrade (...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>>): void {
    this.#markAnswered()
    this.#handler.onRequestUpgrade?.(...args)
  }

  onResponseStart (...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>): void {
    this.#markAnswered()
    this.#handler.onResponseStart?.(...args)
  }

  onResponseData (...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseData']>>): void {
    this.#handler.onResponseData?.(...args)
  }

  onResponseEnd (...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>): void {
    this.#handler.onResponseEnd?.(...args)
  }

  onResponseError (controller: Dispatcher.DispatchController, error: Error): void {
    const connection = this.#connection()
    const isFirst = connection !== undefined && !connection.answered
    this.#handler.onResponseError?.(controller, isFirst ? explainFirstRequestError(error, this.#origin) : error)
  }

  // fetch measures its timings by these.
  onBodySent (...args: unknown[]): void { this.#extras.onBodySent?.(...args) }
  onRequestSent (): void { this.#extras.onRequestSent?.() }
  onResponseStarted (): void { this.#extras.onResponseStarted?.() }

  get #extras (): { onBodySent? (...args: unknown[]): void, onRequestSent? (): void, onResponseStarted? (): void } {
    return this.#handler as object
  }

  #markAnswered (): void {
    const connection = this.#connection()
    if (connection !== undefined) connection.answered = true
  }
}
