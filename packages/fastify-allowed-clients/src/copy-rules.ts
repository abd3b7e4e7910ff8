/** Rules are refused beyond 16 levels, each an array and an object. This limit stops circular ones. */
const MAX_DEPTH = 40

/**
 * Copies rules, so that later changes by the caller do not affect a reload. Only arrays and plain objects are copied,
 * recursively. Everything else is kept as it is, for the compiler to check.
 */
export function copyRules<T> (value: T, depth = 0): T {
  if (depth > MAX_DEPTH) return value
  if (Array.isArray(value)) return value.map((inner) => copyRules(inner, depth + 1)) as T
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Reflect.ownKeys(value).map((key) => [key, copyRules((value as Record<PropertyKey, unknown>)[key], depth + 1)])
  ) as T
}

function isPlainObject (value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
