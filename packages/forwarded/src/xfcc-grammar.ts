/** `by` and `hash` first, as Envoy writes them. */
export type XfccKey = 'by' | 'hash' | 'cert' | 'chain' | 'subject' | 'uri' | 'dns'
export interface XfccPair { readonly key: XfccKey, readonly value: string }
/** One element: the pairs of one proxy, in order. */
export type XfccElement = readonly XfccPair[]

const KEYS: readonly string[] = ['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns']

interface Cut { readonly value: string, readonly end: number }

/**
 * Parses `X-Forwarded-Client-Cert`: elements separated by commas, each with `key=value` pairs separated by
 * semicolons. Keys are case-insensitive. A quoted value ends at the next quote that is not escaped by a backslash,
 * and a separator must follow. The text between the quotes is returned unchanged: in a subject, the backslashes
 * belong to RFC 4514.
 *
 * @returns undefined if the text is malformed
 */
export function parseXfcc (text: string): XfccElement[] | undefined {
  const elements: XfccPair[][] = [[]]
  for (let at = 0; ;) {
    const equals = text.indexOf('=', at)
    const key = text.slice(at, equals === -1 ? at : equals).toLowerCase()
    if (!KEYS.includes(key)) return undefined
    const cut = text[equals + 1] === '"' ? cutQuoted(text, equals + 2) : cutPlain(text, equals + 1)
    if (cut === undefined) return undefined
    elements.at(-1)?.push({ key: key as XfccKey, value: cut.value })
    if (cut.end === text.length) return elements
    const separator = text[cut.end]
    at = cut.end + 1
    if (separator === ',') {
      elements.push([])
      while (text[at] === ' ' || text[at] === '\t') at++
    } else if (separator !== ';') return undefined
  }
}

function cutQuoted (text: string, start: number): Cut | undefined {
  let end = start
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  return end < text.length ? { value: text.slice(start, end), end: end + 1 } : undefined
}

/** Envoy does not escape URIs, so the value may contain an equals sign. */
function cutPlain (text: string, start: number): Cut | undefined {
  let end = start
  while (end < text.length && text[end] !== ';' && text[end] !== ',') end++
  const value = text.slice(start, end)
  return value.includes('"') ? undefined : { value, end }
}
