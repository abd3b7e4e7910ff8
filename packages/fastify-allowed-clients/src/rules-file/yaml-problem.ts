import { describeValue } from '@peerkit/identity/internal'
import { isAlias, isCollection, isNode, isScalar, visit } from 'yaml'
import type { Alias, Document, LineCounter, Node, YAMLMap } from 'yaml'

/** What aliases stand for. One walk finds all: the yaml package would walk the document for each. */
type Targets = ReadonlyMap<Alias, Node | undefined>

/** Says what is wrong with a parsed YAML document that the parser accepts; undefined if nothing is. */
export function findYamlProblem (document: Document, lines: LineCounter): string | undefined {
  const targets = new Map<Alias, Node | undefined>()
  let found = findCircle(document, targets)
  if (found !== undefined) return `the alias *${found} is inside of what it stands for; expected a value that ends`
  visit(document, {
    Map: (_key, { items }) => {
      found = findWrongKey(items, targets, lines)
      return found === undefined ? undefined : visit.BREAK
    }
  })
  return found
}

/** An alias that stands for a value which contains the alias. Fills `targets`. */
function findCircle (document: Document, targets: Map<Alias, Node | undefined>): string | undefined {
  const anchors = new Map<string, Node>()
  let found: string | undefined
  visit(document, {
    Value: (_key, node) => { if (node.anchor !== undefined) anchors.set(node.anchor, node) },
    Alias: (_key, alias, path) => {
      // The last anchor of that name before the alias.
      const target = anchors.get(alias.source)
      targets.set(alias, target)
      if (target === undefined || !path.includes(target as typeof path[number])) return undefined
      found = alias.source
      return visit.BREAK
    }
  })
  return found
}

/** Keys are compared as they are in the object that is made of the map: 1 and "1" are one key, and so is its alias. */
function findWrongKey (items: YAMLMap['items'], targets: Targets, lines: LineCounter): string | undefined {
  const keys = new Set<string>()
  for (const { key } of items) {
    const node = isAlias(key) ? targets.get(key) : key
    const { line, col } = lines.linePos(isNode(key) ? key.range?.[0] ?? 0 : 0)
    const place = `at line ${line}, column ${col}`
    // The yaml package would make text of it, with a warning of the process.
    if (isCollection(node)) return `Map keys must be text: found a list or an object ${place}`
    const value = isScalar(node) ? node.value : null
    const name = value === null ? '' : String(value)
    if (keys.has(name)) return `Map keys must be unique: found ${describeValue(name)} again ${place}`
    keys.add(name)
  }
  return undefined
}
