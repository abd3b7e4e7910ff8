import { RuleInvalidError } from '@peerkit/rules'
import type { RuleFault } from '@peerkit/rules'
import { AllowedClientsOptionError, RulesFileInvalidError } from '../../errors.ts'
import type { RulesFileReason } from '../../errors.ts'

/** Errors that may be causes of each other. A chain is cut after these. */
const MOST_CAUSES = 5

/** An error as data, such that another thread can throw it. A structured clone would lose its class and fields. */
export interface ErrorData {
  /** The name of the class, if it is ours or one of JavaScript; otherwise `Error`. */
  readonly kind: string
  readonly message: string
  readonly stack: string
  /** Its own fields of primitive values, such as `code`. */
  readonly fields: Readonly<Record<string, string | number | boolean>>
  readonly cause?: ErrorData
}

type Make = (message: string, fields: ErrorData['fields'], cause: ErrorOptions) => Error

/** What makes an error of its text and fields. The first words of the text are those of the class. */
const CLASSES: Readonly<Record<string, Make>> = {
  RulesFileInvalidError: (message, { file, reason }, cause) => new RulesFileInvalidError(
    String(file), reason as RulesFileReason, message.replace(`Rules file ${String(file)} refused: `, ''), cause
  ),
  RuleInvalidError: (message, fields) => new RuleInvalidError(
    message.replace('Invalid rule: ', ''), fields as unknown as RuleFault
  ),
  AllowedClientsOptionError: (message) => new AllowedClientsOptionError(
    message.replace('Invalid allowedClients option: ', '')
  ),
  TypeError: (message, _fields, cause) => new TypeError(message, cause),
  RangeError: (message, _fields, cause) => new RangeError(message, cause),
  SyntaxError: (message, _fields, cause) => new SyntaxError(message, cause),
  Error: (message, _fields, cause) => new Error(message, cause)
}

/** Describes what was thrown as data. Never throws. */
export function describeError (thrown: unknown, causes: number = MOST_CAUSES): ErrorData {
  if (!(thrown instanceof Error)) return describeError(new Error(`it threw ${nameOf(thrown)}, which is no error`), 0)
  const { cause } = thrown
  return {
    kind: kindOf(thrown),
    message: String(thrown.message),
    stack: String(thrown.stack),
    fields: { ...fieldsOf(thrown), ...(thrown.name !== thrown.constructor.name && { name: String(thrown.name) }) },
    ...(cause !== undefined && causes > 0 && { cause: describeError(cause, causes - 1) })
  }
}

/** Makes an error of what `describeError` returned. @throws TypeError if the data is something else */
export function reviveError (data: unknown): Error {
  const { kind, message, stack, fields, cause } = readErrorData(data)
  const make = Object.hasOwn(CLASSES, kind) ? CLASSES[kind] : CLASSES['Error']
  const error = make!(message, fields, cause === undefined ? {} : { cause: reviveError(cause) })
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(error, name, { value, writable: true, enumerable: true, configurable: true })
  }
  // Where it was thrown, on the other thread.
  Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true })
  return error
}

function kindOf (error: Error): string {
  const { name } = error.constructor
  return Object.hasOwn(CLASSES, name) ? name : 'Error'
}

function fieldsOf (error: Error): ErrorData['fields'] {
  const fields = Object.entries(error).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
  return Object.fromEntries(fields) as ErrorData['fields']
}

function nameOf (thrown: unknown): string { return thrown === null ? 'null' : typeof thrown }

function readErrorData (data: unknown): ErrorData {
  const { kind, message, stack, fields } = (data ?? {}) as Partial<Record<keyof ErrorData, unknown>>
  const areTexts = [kind, message, stack].every((text) => typeof text === 'string')
  if (!areTexts || typeof fields !== 'object' || fields === null) throw new TypeError('expected an error as data')
  return data as ErrorData
}
