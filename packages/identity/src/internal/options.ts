import { suggestNearestOf } from './nearest.ts'
import { describeValue } from './text.ts'

/** What values an option may have. See option-values.ts. */
export interface OptionType {
  /** What is allowed, for errors: `true or false`. */
  readonly expected: string
  accepts (value: unknown): boolean
  /** Shows a wrong value. Default `describeValue`. Types of values that may be secrets never show them. */
  readonly found?: (value: unknown) => string
  /** Whether the option must be given. Default false. */
  readonly isRequired?: boolean
  /** For lists: what each item must be. */
  readonly item?: OptionType
}

/** The type of each option of an interface. A key that is missing here is an error of the compiler. */
export type OptionTypes<Options> = { readonly [Key in keyof Options]-?: OptionType }

/** What is wrong with an option. */
export interface OptionProblem {
  /** `unknown`: there is no such option; `value`: it has a wrong value, or is missing. */
  readonly kind: 'unknown' | 'value'
  /** The option: `timeout`, `services.ledger.timeout`. */
  readonly path: string
  /** The value as the message shows it; for `unknown` the key. */
  readonly found: string
  readonly expected: string
  readonly message: string
}

/** The class of the errors, which gets the message, or a function that makes the error. */
export type OptionErrors = (new (message: string) => Error) | ((problem: OptionProblem) => Error)

/** Checks the options of one function, or of one object inside of options. */
export interface OptionSet {
  readonly keys: readonly string[]
  /**
   * Throws for the first unknown option, else for the first wrong value.
   *
   * @param options what the caller passed
   * @param path where they are within other options, such as `services.ledger`. Default: they are not inside others
   */
  check (options: unknown, path?: string): void
}

/** Settings of {@link defineOptions}. */
export interface OptionSetSettings {
  /**
   * Refuses objects with inherited, hidden or computed properties. They would be dropped where the options are copied,
   * and with them what they protect. Default false.
   */
  readonly plain?: boolean
}

/**
 * Defines the options of a function.
 *
 * @param name the function, for errors about unknown options
 * @param errors the package's error
 * @param types the type of each option. They are checked in this order
 */
export function defineOptions<Options extends object> (
  name: string, errors: OptionErrors, types: OptionTypes<Options>, { plain = false }: OptionSetSettings = {}
): OptionSet {
  const entries: ReadonlyArray<[string, OptionType]> = Object.entries(types)
  const keys = Object.freeze(entries.map(([key]) => key))
  return Object.freeze({
    keys,
    check (options: unknown, path?: string) {
      const where = path ?? `options of ${name}`
      if (plain) checkPlainObject(options, where, errors)
      else checkObject(options, where, errors)
      refuseUnknownKeys(options as object, keys, path ?? name, errors, path)
      for (const [key, type] of entries) {
        checkOption(
          (options as Record<string, unknown>)[key], type, path === undefined ? key : `${path}.${key}`, errors
        )
      }
    }
  })
}

/** The same options, for a function that passes their values on to another one, which checks them. */
export function passedOn<Options> (types: OptionTypes<Options>): OptionTypes<Options> {
  const unchecked: OptionType = { expected: 'any value', accepts: () => true }
  return Object.fromEntries(Object.keys(types).map((key) => [key, unchecked])) as unknown as OptionTypes<Options>
}

/**
 * Throws for a key that is not known.
 *
 * @param name what has the options
 * @param path where they are within other options. Default: they are not inside others
 */
export function refuseUnknownKeys (
  options: object, known: readonly string[], name: string, errors: OptionErrors, path?: string
): void {
  const key = Object.keys(options).find((one) => !known.includes(one))
  if (key === undefined) return
  const found = describeValue(key)
  throw makeError(errors, {
    kind: 'unknown',
    path: path === undefined ? key : `${path}.${key}`,
    found,
    expected: `one of ${known.join(', ')}`,
    message: `unknown option ${found} for ${name}; ${suggestNearestOf(key, known)}`
  })
}

/** Throws if a value is not of the type. An option that is left out is accepted unless it is required. */
export function checkOption (value: unknown, type: OptionType, path: string, errors: OptionErrors): void {
  if (value === undefined && type.isRequired !== true) return
  const { found = describeValue, expected, item } = type
  if (value === undefined || !type.accepts(value)) throw wrongOption(errors, path, found(value), expected)
  if (item === undefined) return
  for (const [index, one] of (value as readonly unknown[]).entries()) {
    if (one === undefined) throw wrongOption(errors, `${path}[${index}]`, 'undefined', item.expected)
    checkOption(one, item, `${path}[${index}]`, errors)
  }
}

/** The error for a value that is described already: `timeout is 0; expected milliseconds above 0`. */
export function wrongOption (errors: OptionErrors, path: string, found: string, expected: string): Error {
  const message = `${path} is ${found}; expected ${expected}`
  return makeError(errors, { kind: 'value', path, found, expected, message })
}

/** The error for a wrong value, shown as {@link describeValue} does. Not for secrets. */
export function wrongValue (errors: OptionErrors, path: string, value: unknown, expected: string): Error {
  return wrongOption(errors, path, describeValue(value), expected)
}

function makeError (errors: OptionErrors, problem: OptionProblem): Error {
  if (!isErrorClass(errors)) return errors(problem)
  const ErrorClass = errors
  return new ErrorClass(problem.message)
}

function isErrorClass (errors: OptionErrors): errors is new (message: string) => Error {
  return (errors as { readonly prototype?: unknown }).prototype instanceof Error
}

/** Throws for an object with inherited, hidden or computed properties, and for what is no object. */
export function checkPlainObject (value: unknown, path: string, errors: OptionErrors): void {
  checkObject(value, path, errors)
  if (isPlainObject(value as object)) return
  const found = 'an object with inherited, hidden or computed properties'
  throw wrongOption(errors, path, found, 'a plain object such as { a: 1 }')
}

function checkObject (value: unknown, path: string, errors: OptionErrors): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw wrongOption(errors, path, describeValue(value), 'an object')
}

function isPlainObject (value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // An Object.prototype, also that of another realm: it alone has no prototype and these methods.
  const isPlain = prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf'))
  const properties = Object.values(Object.getOwnPropertyDescriptors(value))
  return isPlain && properties.every(({ enumerable, get }) => enumerable === true && get === undefined)
}
