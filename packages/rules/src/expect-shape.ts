import { refuseRule } from './refuse-rule.ts'
import type { RulePath } from './rule-path.ts'

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
