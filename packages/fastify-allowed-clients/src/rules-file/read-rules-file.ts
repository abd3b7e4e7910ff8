import { extname } from 'node:path'
import { FileUnreadableError, isDeepYaml, readBounded } from '@peerkit/identity/internal'
import { Lexer, LineCounter, parseDocument } from 'yaml'
import { RulesFileInvalidError } from '../errors.ts'
import { findDuplicateKey } from './duplicate-key.ts'
import { findTooLittle } from './memory-need.ts'
import { findYamlProblem } from './yaml-problem.ts'

/** What a rules file says. The rules are not checked yet. */
export interface ParsedFile {
  readonly file: string
  readonly groups: Readonly<Record<string, unknown>>
  readonly defaultRules: unknown
  readonly routes: Readonly<Record<string, unknown>>
}

const MEBIBYTE = 1024 * 1024
/** A million rules of two values have 60 MB. */
const MAX_JSON = 256 * MEBIBYTE
/** Its parser takes half a second for each megabyte, and some 50 times the memory of the text. */
const MAX_YAML = 64 * MEBIBYTE
/** Far more than rules need, and far less than the stack holds. */
const MAX_YAML_DEPTH = 200
const EMPTY = 'the file is empty; expected groups, defaultRules or routes'
const KEYS = ['groups', 'defaultRules', 'routes']

/** How a file is read. */
export interface ReadSettings {
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
  /** The most bytes. Default, and at most: 256 MiB of JSON, 64 MiB of YAML. */
  readonly maxBytes?: number | undefined
}

/**
 * Reads the bytes of a rules file.
 *
 * @throws RulesFileInvalidError (`unreadable`, `too_large`); the reason of the signal
 */
export async function readRulesBytes (
  file: string, { signal, maxBytes = Infinity }: ReadSettings = {}
): Promise<Buffer> {
  const most = isJson(file) ? MAX_JSON : MAX_YAML
  try {
    return await readBounded(file, { maxBytes: Math.min(most, maxBytes), signal })
  } catch (error) {
    if (!(error instanceof FileUnreadableError)) throw error
    const { found, reason, cause = error } = error
    if (reason === 'too_large') throw new RulesFileInvalidError(file, 'too_large', `found ${found}`)
    const { code } = cause as { code?: string }
    throw new RulesFileInvalidError(file, 'unreadable', explainUnreadable(code, found), { cause })
  }
}

/** Says in words why a file cannot be read. */
function explainUnreadable (code: string | undefined, found: string): string {
  switch (code) {
    case 'ENOENT':
      return `there is no such file (ENOENT); a relative path starts at the working directory, ${process.cwd()}`
    case 'EACCES':
    case 'EPERM':
      return `this process may not read it (${code}); expected read permission for its user`
    case 'ENOTDIR':
      return 'a part of its path is no directory (ENOTDIR)'
    default:
      return `found ${found}; expected a file with rules`
  }
}

/**
 * Parses `{ groups?, defaultRules?, routes? }`. The rules themselves are checked when they are compiled.
 *
 * @throws RulesFileInvalidError (`malformed`, `structure`)
 */
export function parseRulesFile (file: string, bytes: Uint8Array): ParsedFile {
  if (isJson(file)) refuseTooMuch(file, bytes)
  const text = decode(file, bytes)
  const refuse: (detail: string) => never = (detail) => { throw new RulesFileInvalidError(file, 'structure', detail) }
  if (text.trim() === '') refuse(EMPTY)
  const value = isJson(file) ? parseJson(file, text) : parseYaml(file, text)
  // Only comments.
  if (value === null) refuse(EMPTY)
  if (!isObject(value)) return refuse('expected an object with groups, defaultRules or routes')
  const { groups = {}, defaultRules, routes = {} } = value
  for (const key of Object.keys(value)) {
    // Editors find the JSON Schema by this key.
    if (key === '$schema' && typeof value[key] === 'string') continue
    if (!KEYS.includes(key)) refuse(`unknown key "${key}"; expected one of ${KEYS.join(', ')}`)
  }
  if (!isObject(groups)) refuse('groups: expected an object of groups by name')
  if (!isObject(routes)) refuse('routes: expected an object of rules by "METHOD /pattern"')
  if (!KEYS.some((key) => Object.hasOwn(value, key))) refuse(EMPTY)
  return { file, groups, defaultRules, routes }
}

function isJson (file: string): boolean { return extname(file).toLowerCase() === '.json' }

/** @throws RulesFileInvalidError (`too_large`) */
function refuseTooMuch (file: string, bytes: Uint8Array): void {
  const problem = findTooLittle(bytes)
  if (problem === undefined) return
  const { needed, room } = problem
  const detail = `reading it may need ${needed} MB of memory; expected at most ${room} MB, which are left`
  throw new RulesFileInvalidError(file, 'too_large', detail)
}

function decode (file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new RulesFileInvalidError(file, 'malformed', 'not UTF-8')
  }
}

function parseJson (file: string, text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new RulesFileInvalidError(file, 'malformed', (error as Error).message)
  }
  const twice = findDuplicateKey(text)
  if (twice === undefined) return value
  throw new RulesFileInvalidError(file, 'malformed', `duplicate key ${JSON.stringify(twice)} in an object`)
}

function parseYaml (file: string, text: string): unknown {
  const refuse: (detail: string) => never = (detail) => { throw new RulesFileInvalidError(file, 'malformed', detail) }
  try {
    if (isDeepYaml(new Lexer().lex(text), MAX_YAML_DEPTH)) refuse(`found more than ${MAX_YAML_DEPTH} levels`)
    const lines = new LineCounter()
    // Warnings (an unknown tag, say) mean that the value may not be what the author meant. Keys are compared below: the
    // parser would compare each with all others, which takes minutes for 100,000 routes.
    const document = parseDocument(text, {
      version: '1.2', schema: 'core', strict: true, uniqueKeys: false, prettyErrors: true, lineCounter: lines
    })
    const [problem] = [...document.errors, ...document.warnings]
    if (problem !== undefined) throw problem
    const wrong = findYamlProblem(document, lines)
    if (wrong !== undefined) refuse(wrong)
    // Aliases of aliases grow exponentially ("billion laughs" attack).
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    if (error instanceof RulesFileInvalidError) throw error
    return refuse((error as Error).message)
  }
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
