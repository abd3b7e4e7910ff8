/** Rules are refused beyond 16 levels, each of an array and an object; what loops back on itself ends here. */
const MAX_DEPTH = 40

/**
 * A copy of rules: what happens to the caller's own later must not reach a reload. Only arrays and plain objects are copied, with all that is in them; everything else stays what it is, for the compiler to
 * judge.
 */
export function copyRules<T> (value: T, depth = 0): T {
  if (depth > MAX_DEPTH) return value
  if (Array.isArray(value)) return value.map((inner) => copyRules(inner, depth + 1)) as T
  if (!isPlainObject(value)) return value
  return Object.fromEntries(Reflect.ownKeys(value).map((key) => [key, copyRules((value as Record<PropertyKey, unknown>)[key], depth + 1)])) as T
}

function isPlainObject (value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
