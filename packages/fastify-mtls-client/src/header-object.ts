/**
 * Converts headers in any of undici's shapes to an object with lower-case names, so that a header given twice is one.
 */
export function lowerCaseHeaders (headers: unknown): Record<string, string | string[]> {
  if (headers === undefined || headers === null) return {}
  const object: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of listEntries(headers)) {
    if (value !== undefined) object[name.toLowerCase()] = value
  }
  return object
}

function listEntries (headers: unknown): Array<[string, string | string[]]> {
  if (Array.isArray(headers) && !headers.every((entry) => Array.isArray(entry) && entry.length === 2)) {
    // A flat list: name, value, name, value.
    return Array.from({ length: headers.length >> 1 }, (_, index) => [
      String(headers[2 * index]), headers[2 * index + 1]
    ])
  }
  if (Symbol.iterator in (headers as object)) return [...headers as Iterable<[string, string]>]
  return Object.entries(headers as Record<string, string>)
}
