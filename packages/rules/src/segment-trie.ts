import { ONE, REST, isCoverable } from './segments.ts'

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
