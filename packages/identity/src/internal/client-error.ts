class HttpError extends Error {
  declare readonly statusCode: number

  get status (): number { return this.statusCode }

  get expose (): boolean { return true }
}

/**
 * Base class of errors that a client may see. It gives them the shape of http-errors: `status`, `statusCode` and
 * `expose`. `@fastify/sensible` and similar error handlers then treat them as their own. It has the type that
 * `@fastify/error` requires for its fourth argument.
 */
export const ClientError: ErrorConstructor = HttpError as unknown as ErrorConstructor
