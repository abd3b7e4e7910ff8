/**
 * Returns the first duplicate key of an object in a JSON text, or undefined. `JSON.parse` silently keeps the last one.
 *
 * @param text valid JSON: the syntax is not checked here
 */
export function findDuplicateKey (text: string): string | undefined {
  // One entry for each open bracket: the keys of an object, or undefined for an array.
  const open: (Set<string> | undefined)[] = []
  let isKey = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{') {
      open.push(new Set())
      isKey = true
    } else if (char === '[') {
      open.push(undefined)
      isKey = false
    } else if (char === '}' || char === ']') {
      open.pop()
      isKey = false
    } else if (char === ',') {
      isKey = open.at(-1) !== undefined
    } else if (char === '"') {
      const end = findEnd(text, at)
      const keys = open.at(-1)
      if (isKey && keys !== undefined) {
        // Escapes spell the same key differently.
        const key = JSON.parse(text.slice(at, end + 1)) as string
        if (keys.has(key)) return key
        keys.add(key)
        isKey = false
      }
      at = end
    }
  }
  return undefined
}

function findEnd (text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
