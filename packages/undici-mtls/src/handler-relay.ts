import type { Dispatcher } from 'undici'

type Handler = Dispatcher.DispatchHandler
type Call<Name extends keyof Handler> = Parameters<NonNullable<Handler[Name]>>

/** Hands every event of a request on to another handler. */
export class HandlerRelay implements Dispatcher.DispatchHandler {
  protected readonly handler: Handler

  constructor (handler: Handler) {
    this.handler = handler
  }

  onRequestStart (...[controller, context]: Call<'onRequestStart'>): void { this.handler.onRequestStart?.(controller, context) }
  onRequestUpgrade (...[controller, statusCode, headers, socket]: Call<'onRequestUpgrade'>): void { this.handler.onRequestUpgrade?.(controller, statusCode, headers, socket) }
  onResponseStart (...[controller, statusCode, headers, statusMessage]: Call<'onResponseStart'>): void { this.handler.onResponseStart?.(controller, statusCode, headers, statusMessage) }
  onResponseData (...[controller, chunk]: Call<'onResponseData'>): void { this.handler.onResponseData?.(controller, chunk) }
  onResponseEnd (...[controller, trailers]: Call<'onResponseEnd'>): void { this.handler.onResponseEnd?.(controller, trailers) }
  onResponseError (...[controller, error]: Call<'onResponseError'>): void { this.handler.onResponseError?.(controller, error) }

  // fetch measures its timings by these.
  onResponseStarted (): void { this.handler.onResponseStarted?.() }
  onBodySent (...sent: any[]): void { (this.handler as { onBodySent? (...sent: any[]): void }).onBodySent?.(...sent) }
  onRequestSent (): void { this.handler.onRequestSent?.() }
}
