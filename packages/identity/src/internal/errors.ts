/**
 * Base class of the errors of this project. Each subclass has one code, and a field for each thing that a program may
 * want to know. An HTTP status belongs to the plugin that answers the request, see {@link ClientError}.
 */
export abstract class CodedError extends Error {
  abstract readonly code: string

  override get name (): string { return this.constructor.name }
  override set name (name: string) { replaceName(this, name) }
}

/** Base class of errors about options and arguments. It is a TypeError, as such errors of Node are. */
export abstract class OptionError extends TypeError {
  abstract readonly code: string

  override get name (): string { return this.constructor.name }
  override set name (name: string) { replaceName(this, name) }
}

/**
 * Base class of errors that a client may see. It has the shape of http-errors (`status`, `statusCode` and `expose`), so
 * that `@fastify/sensible` and similar error handlers treat it as their own. It has no stack: a denial is no fault of
 * the code, and a stack would only fill the log.
 */
export abstract class ClientError extends CodedError {
  abstract readonly statusCode: number

  constructor (message: string, options?: ErrorOptions) {
    const limit = Error.stackTraceLimit
    // Not an assignment: with --frozen-intrinsics, Node lets nobody change the limit, and the error has a stack.
    Reflect.set(Error, 'stackTraceLimit', 0)
    super(message, options)
    Reflect.set(Error, 'stackTraceLimit', limit)
  }

  get status (): number { return this.statusCode }

  get expose (): boolean { return true }
}

/** The name of an error can be set, as that of every error. */
function replaceName (error: Error, value: string): void {
  Object.defineProperty(error, 'name', { value, writable: true, configurable: true })
}
