/**
 * The first key that an object of a JSON text has twice, or undefined. `JSON.parse` keeps the last one silently, so that a file would say something else than its reader believes.
 *
 * @param text valid JSON: syntax is not checked here
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
        // Escapes are another spelling of the same key.
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
