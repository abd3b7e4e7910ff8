import { extname } from 'node:path'
import { isDeepYaml, suggestNearest } from '@peerkit/identity/internal'
import { isNode, Lexer, LineCounter, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import { BlockListInvalidError } from '../errors.ts'
import type { KnownEntry } from './block-source.ts'
import { describe, readEntries, showPlace } from './read-entry.ts'
import type { Place, Refuse } from './read-entry.ts'

const KEYS: readonly string[] = ['version', 'block']

/**
 * Reads the entries of a file.
 *
 * @throws BlockListInvalidError
 */
export function readBlockList (bytes: Uint8Array, path: string): KnownEntry[] {
  const where = `block (${path})`
  const { value, lineOf } = readBlockDocument(bytes, path, where)
  const refuse: Refuse = (place, what) => {
    const line = lineOf(place)
    const shown = `${showPlace(place)}${line === undefined ? '' : ` (line ${line})`}`
    return new BlockListInvalidError('structure', [where, shown, what].filter((part) => part !== '').join(': '))
  }
  // A file that was cut off must not unblock everything, so an empty list must be explicit.
  if (value === null || value === '') {
    throw refuse([], 'found an empty document; expected version and block (block: [] to block nothing)')
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw refuse([], `found ${describe(value)}; expected an object with version and block`)
  }
  const fields = value as Readonly<Record<string, unknown>>
  for (const key of Object.keys(fields)) {
    if (KEYS.includes(key)) continue
    const hint = suggestNearest(key, KEYS) || `expected ${KEYS.join(' and ')}`
    throw refuse([key], `unknown key; ${hint}`)
  }
  const version = fields['version']
  // YAML values are read as text.
  if (version !== 1 && version !== '1') throw refuse(['version'], `found ${describe(version)}; expected 1`)
  return readEntries(fields['block'], ['block'], where, refuse)
}

/** The parsed contents of a file. */
interface BlockDocument {
  readonly value: unknown
  /** The line of a place, from 1; undefined if it is unknown. */
  lineOf (place: Place): number | undefined
}

/** A list needs three levels. With very many levels the yaml package runs out of memory and ends the process. */
const MAX_DEPTH = 16

/**
 * Parses YAML or JSON, depending on the extension of the file or its first character.
 *
 * @param where the option and the file, for errors
 * @throws BlockListInvalidError (`malformed`)
 */
function readBlockDocument (bytes: Uint8Array, path: string, where: string): BlockDocument {
  const text = decode(bytes, where)
  const extension = extname(path).toLowerCase()
  const isYaml = extension === '.yaml' || extension === '.yml'
  if (extension === '.json' || (!isYaml && /^\s*\{/.test(text))) {
    const value = parseJson(text)
    // The YAML parser finds the line of a place and of a duplicate key. It parses JSON too, but slowly.
    if (value !== undefined && !hasDuplicateKey(text, value)) {
      return { value, lineOf: (place) => lineIn(text, place, where) }
    }
    if (value === undefined && extension === '.json') {
      throw new BlockListInvalidError('malformed', `${where}: ${jsonProblem(text)}; expected JSON`)
    }
  }
  const { document, counter } = parseYaml(text, where)
  try {
    // Aliases of aliases grow exponentially ("billion laughs").
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    return { value, lineOf: (place) => lineOfNode(document, counter, place) }
  } catch (error) {
    throw new BlockListInvalidError('malformed', `${where}: ${(error as Error).message}`, { cause: error })
  }
}

function decode (bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    const problem = 'found bytes that are not UTF-8; expected YAML or JSON in UTF-8'
    throw new BlockListInvalidError('malformed', `${where}: ${problem}`, { cause: error })
  }
}

/** Returns undefined if the text is not JSON. JSON cannot express undefined. */
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

/** JSON.parse silently keeps the last of two equal keys. Then the text has more keys than the value. */
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
  if (isDeepYaml(new Lexer().lex(text), MAX_DEPTH)) {
    const problem = `found more than ${MAX_DEPTH} levels; expected a list of entries`
    throw new BlockListInvalidError('malformed', `${where}: ${problem}`)
  }
  const counter = new LineCounter()
  // In the failsafe schema all values are text. Other schemas read the serial number 1e10 as a number, and 0012 as 12.
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'failsafe',
    strict: true,
    uniqueKeys: true,
    prettyErrors: true,
    lineCounter: counter,
    // A key that is a list or an object is refused below, as an unknown key. No warning of the process tells of it too.
    logLevel: 'error'
  })
  // A warning, for example about an unknown tag, means that a value may not be what its author intended.
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) {
    const [what] = problem.message.split(':\n')
    throw new BlockListInvalidError('malformed', `${where}: ${what}; expected YAML`, { cause: problem })
  }
  return { document: document as Document, counter }
}

function lineIn (text: string, place: Place, where: string): number | undefined {
  try {
    const { document, counter } = parseYaml(text, where)
    return lineOfNode(document, counter, place)
  } catch {
    // Some JSON is not valid YAML. Then the error names the place only.
    return undefined
  }
}

/** Returns the line of the place, or of the value that should contain it. */
function lineOfNode (document: Document, counter: LineCounter, place: Place): number | undefined {
  for (let length = place.length; length > 0; length -= 1) {
    const node = document.getIn(place.slice(0, length), true)
    if (isNode(node) && node.range) return counter.linePos(node.range[0]).line
  }
  return undefined
}
