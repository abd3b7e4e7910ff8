/** Covers exactly one segment. */
export const ONE = '*'
/** Covers one segment or more, up to the end. */
export const REST = '**'

/**
 * RFC 3986 pchar, without percent-encoded slashes, backslashes and control characters: code that decodes the URI later
 * would see different segments.
 */
const COVERABLE = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?!2[fF]|5[cC]|[01][0-9a-fA-F]|7[fF])[0-9a-fA-F]{2})+$/
const DOTS = /^(?:\.|%2[eE]){1,2}$/

/** Splits a hierarchical URI into `scheme://authority` and path segments, without decoding. `undefined` for others. */
export function splitSegments (uri: string): readonly string[] | undefined {
  const authority = uri.indexOf('://')
  if (authority === -1) return undefined
  const path = uri.indexOf('/', authority + 3)
  if (path === -1) return [uri]
  return [uri.slice(0, path), ...uri.slice(path + 1).split('/')]
}

/** Whether a wildcard may cover `segment`: not empty, no dots, no query or fragment, no encoded separator. */
export function isCoverable (segment: string): boolean {
  return COVERABLE.test(segment) && !DOTS.test(segment)
}

/** Whether the pattern's segments match the URI's. */
export function matchSegments (pattern: readonly string[], segments: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    const segment = segments[i]
    if (segment === undefined) return false
    if (pattern[i] === REST) return segments.slice(i).every(isCoverable)
    if (pattern[i] === ONE ? !isCoverable(segment) : pattern[i] !== segment) return false
  }
  return pattern.length === segments.length
}

interface Node<V> {
  readonly literals: Map<string, Node<V>>
  one: Node<V> | undefined
  /** The pattern that ends here. */
  value: V | undefined
  /** The pattern that continues with `**`. */
  rest: V | undefined
}

/** A trie of segment patterns. The cost of a look-up depends on the depth of the URI, not on the number of patterns. */
export class SegmentTrie<V> {
  readonly #root: Node<V> = createNode()

  /** A pattern must not be added twice. */
  add (pattern: readonly string[], value: V): void {
    let node = this.#root
    for (const segment of pattern) {
      if (segment === REST) {
        node.rest = value
        return
      }
      let next = segment === ONE ? node.one : node.literals.get(segment)
      if (next === undefined) {
        next = createNode()
        if (segment === ONE) node.one = next
        else node.literals.set(segment, next)
      }
      node = next
    }
    node.value = value
  }

  /** The values of all patterns that match. */
  find (segments: readonly string[]): V[] {
    const found: V[] = []
    // From here to the end, a wildcard may cover every segment. Computed once, not for every `**`.
    let coverableFrom = segments.length
    while (coverableFrom > 0 && isCoverable(segments[coverableFrom - 1] as string)) coverableFrom--
    visit(this.#root, segments, 0, coverableFrom, found)
    return found
  }
}

function createNode<V> (): Node<V> {
  return { literals: new Map(), one: undefined, value: undefined, rest: undefined }
}

function visit<V> (node: Node<V>, segments: readonly string[], at: number, coverableFrom: number, found: V[]): void {
  const segment = segments[at]
  if (segment === undefined) {
    if (node.value !== undefined) found.push(node.value)
    return
  }
  if (node.rest !== undefined && at >= coverableFrom) found.push(node.rest)
  const next = node.literals.get(segment)
  if (next !== undefined) visit(next, segments, at + 1, coverableFrom, found)
  if (node.one !== undefined && isCoverable(segment)) visit(node.one, segments, at + 1, coverableFrom, found)
}
