class HttpError extends Error {
  declare readonly statusCode: number

  get status (): number { return this.statusCode }

  get expose (): boolean { return true }
}

// A denial is no fault of the code, so its stack would only fill the log. Some tools set their own.
Object.defineProperty(HttpError.prototype, 'stack', {
  configurable: true,
  get (this: Error & { readonly code?: string }) { return `${this.name} [${String(this.code)}]: ${this.message}` },
  set (this: Error, value: unknown) {
    Object.defineProperty(this, 'stack', { value, configurable: true, writable: true })
  }
})

/**
 * Base class of errors that a client may see. It gives them the shape of http-errors: `status`, `statusCode` and
 * `expose`. `@fastify/sensible` and similar error handlers then treat them as their own. It has the type that
 * `@fastify/error` requires for its fourth argument. The fifth argument must be false: no stack.
 */
export const ClientError: ErrorConstructor = HttpError as unknown as ErrorConstructor
