import { extname } from 'node:path'
import { isNode, Lexer, LineCounter, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import { invalidList } from './errors.ts'
import type { Place } from './read-entry.ts'

/** What a file says. */
export interface BlockDocument {
  readonly value: unknown
  /** The line of a place, from 1; undefined where it cannot be told. */
  lineOf (place: Place): number | undefined
}

/** A list needs three levels. Far more of them end the whole process in the yaml package, out of memory. */
const MAX_DEPTH = 16

/**
 * Reads YAML or JSON: by the file's extension, or by what it begins with.
 *
 * @param where names the option and the file, for errors
 * @throws MTLS_ERR_BLOCK_LIST_INVALID (`malformed`)
 */
export function readBlockDocument (bytes: Uint8Array, path: string, where: string): BlockDocument {
  const text = decode(bytes, where)
  const extension = extname(path).toLowerCase()
  const isYaml = extension === '.yaml' || extension === '.yml'
  if (extension === '.json' || (!isYaml && /^\s*\{/.test(text))) {
    const value = parseJson(text)
    // The YAML reader names the line of a place, and of a key that stands twice. It reads JSON too, but slowly.
    if (value !== undefined && !hasDuplicateKey(text, value)) {
      return { value, lineOf: (place) => lineIn(text, place, where) }
    }
    if (value === undefined && extension === '.json') {
      throw invalidList('malformed', `${where}: ${jsonProblem(text)}; expected JSON`)
    }
  }
  const { document, counter } = parseYaml(text, where)
  try {
    // Aliases of aliases grow exponentially ("billion laughs").
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    return { value, lineOf: (place) => lineOfNode(document, counter, place) }
  } catch (error) {
    throw invalidList('malformed', `${where}: ${(error as Error).message}`, error)
  }
}

function decode (bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw invalidList('malformed', `${where}: found octets that are not UTF-8; expected YAML or JSON in UTF-8`, error)
  }
}

/** Undefined where it is no JSON, since JSON says everything but that. */
function parseJson (text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function jsonProblem (text: string): string {
  try {
    JSON.parse(text)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

/** JSON.parse keeps the last of two equal keys in silence. Then the text has more keys than the value. */
function hasDuplicateKey (text: string, value: unknown): boolean {
  let written = 0
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) written += 1
  return written !== countKeys(value)
}

function countKeys (value: unknown): number {
  let count = 0
  const open = [value]
  while (open.length > 0) {
    const one = open.pop()
    if (typeof one !== 'object' || one === null) continue
    const inner: unknown[] = Object.values(one)
    if (!Array.isArray(one)) count += inner.length
    for (const next of inner) if (typeof next === 'object') open.push(next)
  }
  return count
}

function parseYaml (text: string, where: string): { document: Document, counter: LineCounter } {
  if (isDeep(text)) {
    throw invalidList('malformed', `${where}: found more than ${MAX_DEPTH} levels; expected a list of entries`)
  }
  const counter = new LineCounter()
  // All values are text in the failsafe schema. Others read the serial number 1e10 as a number, and 0012 as 12.
  const document = parseDocument(text, {
    version: '1.2', schema: 'failsafe', strict: true, uniqueKeys: true, prettyErrors: true, lineCounter: counter
  })
  // A warning (an unknown tag, say) means that a value may not be what its author believes.
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) {
    const [what] = problem.message.split(':\n')
    throw invalidList('malformed', `${where}: ${what}; expected YAML`, problem)
  }
  return { document: document as Document, counter }
}

function isDeep (text: string): boolean {
  let brackets = 0
  let dashes = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === '[' || lexeme === '{') brackets += 1
    else if (lexeme === ']' || lexeme === '}') brackets -= 1
    else if (lexeme === '-' || lexeme === '?') dashes += 1
    else if (lexeme === '\n') dashes = 0
    if (brackets > MAX_DEPTH || dashes > MAX_DEPTH) return true
  }
  return false
}

function lineIn (text: string, place: Place, where: string): number | undefined {
  try {
    const { document, counter } = parseYaml(text, where)
    return lineOfNode(document, counter, place)
  } catch {
    // Little of JSON is no YAML. The place alone has to do then.
    return undefined
  }
}

/** The line of the place, or of what it would stand in. */
function lineOfNode (document: Document, counter: LineCounter, place: Place): number | undefined {
  for (let length = place.length; length > 0; length -= 1) {
    const node = document.getIn(place.slice(0, length), true)
    if (isNode(node) && node.range) return counter.linePos(node.range[0]).line
  }
  return undefined
}
