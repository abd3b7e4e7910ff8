const [QUOTE, COMMA, OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [34, 44, 91, 92, 93, 123, 125]

/** An object with more keys gets a Set. Most rules have two or three keys, and compare faster in a list. */
const FEW = 16

/** The keys so far of an object that is open. Undefined for a list. */
interface OpenObject { readonly few: string[], many: Set<string> | undefined }

/**
 * Finds the first key that occurs twice in an object of a JSON text. `JSON.parse` silently keeps the last one. It takes
 * time in proportion to the text.
 *
 * @param text valid JSON: the syntax is not checked here
 * @returns the key, or undefined
 */
export function findDuplicateKey (text: string): string | undefined {
  const open: Array<OpenObject | undefined> = []
  let inside: OpenObject | undefined
  let isKey = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case OPEN_OBJECT:
        open.push(inside)
        inside = { few: [], many: undefined }
        isKey = true
        break
      case OPEN_LIST:
        open.push(inside)
        inside = undefined
        isKey = false
        break
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        inside = open.pop()
        isKey = false
        break
      case COMMA:
        isKey = inside !== undefined
        break
      case QUOTE: {
        const end = findEnd(text, at)
        if (isKey && inside !== undefined) {
          const key = readKey(text, at, end)
          if (!addKey(inside, key)) return key
          isKey = false
        }
        at = end
      }
    }
  }
  return undefined
}

/** @returns false if the object has the key already */
function addKey (object: OpenObject, key: string): boolean {
  if (object.many === undefined) {
    if (object.few.includes(key)) return false
    object.few.push(key)
    if (object.few.length > FEW) object.many = new Set(object.few)
    return true
  }
  if (object.many.has(key)) return false
  object.many.add(key)
  return true
}

/** @param start the index of the first quote; `end` that of the last one */
function readKey (text: string, start: number, end: number): string {
  const key = text.slice(start + 1, end)
  // Escapes spell the same key differently.
  return key.includes('\\') ? JSON.parse(`"${key}"`) as string : key
}

/** The index of the quote that ends a string. */
function findEnd (text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

/** Whether an odd number of backslashes stands before a character. */
function isEscaped (text: string, at: number): boolean {
  let from = at
  while (text.charCodeAt(from - 1) === BACKSLASH) from--
  return (at - from) % 2 === 1
}
