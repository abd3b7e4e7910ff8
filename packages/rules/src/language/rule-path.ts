import { clip } from '@peerkit/identity/internal'
import { RuleInvalidError } from '../errors.ts'
import type { RuleInvalidReason } from '../errors.ts'

const PLAIN = /^[A-Za-z_$][\w$]*$/

/** The path of a value in a configuration. It is a linked list; the text is only created for an error. */
export class RulePath {
  readonly #parent: RulePath | undefined
  readonly #key: string | number

  constructor (key: string | number, parent?: RulePath) {
    this.#key = key
    this.#parent = parent
  }

  at (key: string | number): RulePath {
    return new RulePath(key, this)
  }

  /** `config.allowedClients[1].spiffe[0]`; keys that are not identifiers are in brackets and quotes. */
  toString (): string {
    const key = this.#key
    if (this.#parent === undefined) return String(key)
    if (typeof key === 'number') return `${this.#parent}[${key}]`
    return PLAIN.test(key) ? `${this.#parent}.${key}` : `${this.#parent}[${JSON.stringify(key)}]`
  }
}

/**
 * Throws a {@link RuleInvalidError}.
 *
 * @param found the value; only its type is shown if it is not a string
 * @param hint added to the end of the message
 */
export function refuseRule (
  path: RulePath, reason: RuleInvalidReason, found: unknown, expected: string, hint = ''
): never {
  const fault = { reason, path: path.toString(), found: describeFound(found), expected }
  const detail = `${fault.path}: found ${fault.found}, expected ${expected}${hint === '' ? '' : `; ${hint}`}`
  throw new RuleInvalidError(detail, fault)
}

/** A string in quotes, shortened. */
export function quote (text: string): string {
  return JSON.stringify(clip(text, 80))
}

function describeFound (value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) {
    return Reflect.ownKeys(value).length === 0 ? 'an empty object' : 'an object'
  }
  return typeof value === 'bigint' ? `${value}n` : String(value)
}

/**
 * The own properties of a plain object. Properties of its prototype are not part of a rule, so they are not read. Each
 * property is read once.
 *
 * @throws RuleInvalidError if it is not a plain object, or has no properties
 */
export function expectPlainObject (
  value: unknown, path: RulePath, expected: string
): readonly (readonly [string, unknown])[] {
  if (!isPlainObject(value)) refuseRule(path, 'wrong_type', value, expected)
  const keys = Reflect.ownKeys(value)
  if (keys.length === 0) refuseRule(path, 'empty', value, expected)
  return keys.map((key) => {
    if (typeof key === 'symbol') refuseRule(path.at(String(key)), 'unknown_key', key.description ?? '', expected)
    return [key, value[key]] as const
  })
}

/** Whether `value` is an object from a literal or JSON, not an instance of a class, a date or a map. */
export function isPlainObject (value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object of another realm (vm, jest) has a different Object.prototype, whose own prototype is null too.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** A value, or the values of an array, with their paths. @throws RuleInvalidError for an empty array */
export function listValues (
  value: unknown, path: RulePath
): readonly { readonly value: unknown, readonly path: RulePath }[] {
  if (!Array.isArray(value)) return [{ value, path }]
  if (value.length === 0) refuseRule(path, 'empty', value, 'at least one value')
  // Array.from, because map would skip holes.
  return Array.from(value as readonly unknown[], (one, index) => ({ value: one, path: path.at(index) }))
}
