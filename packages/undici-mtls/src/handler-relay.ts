import type { Dispatcher } from 'undici'

type Handler = Dispatcher.DispatchHandler
type Controller = Dispatcher.DispatchController
type Headers = Parameters<NonNullable<Handler['onResponseStart']>>[2]
type Upgraded = Parameters<NonNullable<Handler['onRequestUpgrade']>>[3]

/** Forwards every event of a request to another handler. */
export class HandlerRelay implements Dispatcher.DispatchHandler {
  protected readonly handler: Handler

  constructor (handler: Handler) {
    this.handler = handler
  }

  onRequestStart (controller: Controller, context: any): void { this.handler.onRequestStart?.(controller, context) }
  onRequestUpgrade (controller: Controller, statusCode: number, headers: Headers, socket: Upgraded): void {
    this.handler.onRequestUpgrade?.(controller, statusCode, headers, socket)
  }

  onResponseStart (controller: Controller, statusCode: number, headers: Headers, statusMessage?: string): void {
    this.handler.onResponseStart?.(controller, statusCode, headers, statusMessage)
  }

  onResponseData (controller: Controller, chunk: Buffer): void { this.handler.onResponseData?.(controller, chunk) }
  onResponseEnd (controller: Controller, trailers: Headers): void { this.handler.onResponseEnd?.(controller, trailers) }
  onResponseError (controller: Controller, error: Error): void { this.handler.onResponseError?.(controller, error) }

  // fetch uses these for its timings.
  onResponseStarted (): void { this.handler.onResponseStarted?.() }
  onBodySent (...sent: any[]): void { (this.handler as { onBodySent? (...sent: any[]): void }).onBodySent?.(...sent) }
  onRequestSent (): void { (this.handler as { onRequestSent? (): void }).onRequestSent?.() }
}
