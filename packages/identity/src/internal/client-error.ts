class HttpError extends Error {
  declare readonly statusCode: number

  get status (): number { return this.statusCode }

  get expose (): boolean { return true }
}

/**
 * What errors that a client may see inherit from, so that they have the shape of http-errors: `status` beside
 * `statusCode`, and `expose`. `@fastify/sensible` and error handlers written for it then treat them as their own. Typed
 * as `@fastify/error` asks for its fourth argument.
 */
export const ClientError: ErrorConstructor = HttpError as unknown as ErrorConstructor
