import { extname } from 'node:path'
import { FileUnreadableError, readBounded } from '@peerkit/identity/internal'
import { parseDocument } from 'yaml'
import { RulesFileInvalidError } from '../errors.ts'

/** What a rules file says. The rules are not checked yet. */
export interface ParsedFile {
  readonly file: string
  readonly groups: Readonly<Record<string, unknown>>
  readonly defaultRules: unknown
  readonly routes: Readonly<Record<string, unknown>>
}

const MAX_BYTES = 16 * 1024 * 1024
const EMPTY = 'the file is empty; expected groups, defaultRules or routes'
const KEYS = ['groups', 'defaultRules', 'routes']

/**
 * Reads the bytes of a rules file.
 *
 * @param signal ends the wait
 * @throws RulesFileInvalidError (`unreadable`, `too_large`)
 */
export async function readRulesBytes (file: string, signal?: AbortSignal): Promise<Buffer> {
  try {
    return await readBounded(file, { maxBytes: MAX_BYTES, signal })
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
  const text = decode(file, bytes)
  const refuse: (detail: string) => never = (detail) => { throw new RulesFileInvalidError(file, 'structure', detail) }
  if (text.trim() === '') refuse(EMPTY)
  const value = extname(file).toLowerCase() === '.json' ? parseJson(file, text) : parseYaml(file, text)
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
  // Warnings (an unknown tag, say) mean that the value may not be what the author meant.
  const document = parseDocument(text, {
    version: '1.2', schema: 'core', strict: true, uniqueKeys: true, prettyErrors: true
  })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) throw new RulesFileInvalidError(file, 'malformed', problem.message)
  try {
    // Aliases of aliases grow exponentially ("billion laughs" attack).
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new RulesFileInvalidError(file, 'malformed', (error as Error).message)
  }
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Returns the first duplicate key of an object in a JSON text, or undefined. `JSON.parse` silently keeps the last one.
 *
 * @param text valid JSON: the syntax is not checked here
 */
function findDuplicateKey (text: string): string | undefined {
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
        // Escapes spell the same key differently.
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
