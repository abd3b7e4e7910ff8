import { errors } from 'undici'
import type { Dispatcher } from 'undici'

export type Dispatch = (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => boolean
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

/** Handlers of undici 6 (the built-in fetch of Node 22) and of callers written for it. */
interface LegacyHandler {
  onConnect? (abort: (reason?: Error) => void, context: unknown): void
  onUpgrade? (statusCode: number, headers: unknown, socket: unknown): void
  onHeaders? (statusCode: number, headers: unknown, resume: () => void, statusText: string): boolean
  onData? (chunk: Buffer): boolean
  onComplete? (trailers: unknown): void
  onError? (error: Error): void
}

/** Converts a handler to the form that undici 7 and 8 call. Callers of undici 6 do not support HTTP/2. */
export function adaptHandler (handler: Handler): Handler {
  if (typeof handler?.onRequestStart === 'function') return handler
  if (typeof (handler as LegacyHandler | null)?.onConnect !== 'function') {
    throw new errors.InvalidArgumentError(
      'handler has no onRequestStart (undici 7 and 8) and no onConnect (undici 6, the fetch of Node 22 and 24)'
    )
  }
  const legacy = handler as LegacyHandler & Handler
  return {
    ...pickExtras(legacy),
    onRequestStart: (controller, context) => {
      legacy.onConnect?.((reason) => { controller.abort(reason ?? new Error('aborted')) }, context)
    },
    onRequestUpgrade: (controller, statusCode, headers, socket) => {
      legacy.onUpgrade?.(statusCode, rawOf(controller, 'rawHeaders', headers), socket)
    },
    onResponseStart: (controller, statusCode, headers, statusText) => {
      const raw = rawOf(controller, 'rawHeaders', headers)
      const resume = (): void => { controller.resume() }
      if (legacy.onHeaders?.(statusCode, raw, resume, statusText ?? '') === false) controller.pause()
    },
    onResponseData: (controller, chunk) => { if (legacy.onData?.(chunk) === false) controller.pause() },
    onResponseEnd: (controller, trailers) => { legacy.onComplete?.(rawOf(controller, 'rawTrailers', trailers)) },
    onResponseError: (_controller, error) => { legacy.onError?.(error) }
  }
}

function pickExtras (legacy: object): object {
  const names = ['onBodySent', 'onRequestSent', 'onResponseStarted'] as const
  return Object.fromEntries(names.flatMap((name) => {
    const method = (legacy as Record<string, unknown>)[name]
    return typeof method === 'function' ? [[name, method.bind(legacy)]] : []
  }))
}

/** Returns headers as a flat list of Buffers: the raw ones, if the controller still has them. */
function rawOf (
  controller: Dispatcher.DispatchController, key: 'rawHeaders' | 'rawTrailers', headers: unknown
): Buffer[] {
  const raw = (controller as unknown as Record<string, unknown>)[key]
  if (Array.isArray(raw)) return raw
  return Object.entries((raw ?? headers ?? {}) as Record<string, string | string[]>)
    .flatMap(([name, value]) => [value].flat().flatMap((one) => [
      Buffer.from(name, 'latin1'), Buffer.from(String(one), 'latin1')
    ]))
}
