import { isMap, parseDocument, visit } from 'yaml'

/** A key that stands twice in an object of a JSON text: JSON.parse keeps the last value, and nobody is told. */
export function findLostJsonKey (input: Buffer): string | undefined {
  const text = input.toString()
  const written = [...text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:?)/g)].filter(([, colon]) => colon === ':').length
  let kept = 0
  JSON.parse(text, (_key, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) kept += Object.keys(value).length
    return value
  })
  return kept === written ? undefined : `a text with ${written} keys was read as ${kept} keys`
}

/** The same in a map of YAML. */
export function findLostYamlKey (input: Buffer): string | undefined {
  const document = parseDocument(input.toString(), { version: '1.2', schema: 'core', uniqueKeys: false })
  let lost: string | undefined
  visit(document, {
    Map (_key, node) {
      const value: unknown = node.toJS(document, { maxAliasCount: 100 })
      if (!isMap(node) || typeof value !== 'object' || value === null) return undefined
      const kept = Object.keys(value).length
      if (kept !== node.items.length) lost = `a map of ${node.items.length} keys was read as one of ${kept}`
      return lost === undefined ? undefined : visit.BREAK
    }
  })
  return lost
}
