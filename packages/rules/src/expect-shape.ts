import { refuseRule } from './refuse-rule.ts'
import type { RulePath } from './rule-path.ts'

/**
 * The own properties of an object from a literal or JSON. Only these are read, each once: what a prototype holds is not part of a rule, however it
 * got there. An object without any is refused.
 *
 * @throws MTLS_ERR_RULE_INVALID
 */
export function expectPlainObject (value: unknown, path: RulePath, expected: string): readonly (readonly [string, unknown])[] {
  if (!isPlainObject(value)) refuseRule(path, 'wrong_type', value, expected)
  const keys = Reflect.ownKeys(value)
  if (keys.length === 0) refuseRule(path, 'empty', value, expected)
  return keys.map((key) => {
    if (typeof key === 'symbol') refuseRule(path.at(String(key)), 'unknown_key', key.description ?? '', expected)
    return [key, value[key]] as const
  })
}

/** Whether `value` is an object of a literal or of JSON. Classes, dates and maps hide what they hold. */
export function isPlainObject (value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object of another realm (vm, jest) has another Object.prototype, whose own prototype is null as well.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** A value, or each of an array's, with its path. @throws MTLS_ERR_RULE_INVALID for an empty array */
export function listValues (value: unknown, path: RulePath): readonly { readonly value: unknown, readonly path: RulePath }[] {
  if (!Array.isArray(value)) return [{ value, path }]
  if (value.length === 0) refuseRule(path, 'empty', value, 'at least one value')
  // Array.from and not map, which would pass over holes.
  return Array.from(value as readonly unknown[], (one, index) => ({ value: one, path: path.at(index) }))
}
