import { extname } from 'node:path'
import { FileUnreadableError, readBounded } from '@peerkit/credentials/watch'
import type { Groups } from '@peerkit/rules'
import { parseDocument } from 'yaml'
import type { AllowedClients } from './allowed-clients.ts'
import { refuseRulesFile } from './errors.ts'
import { findDuplicateKey } from './find-duplicate-key.ts'
import type { FileRules } from './compiled-policy.ts'

const MAX_BYTES = 16 * 1024 * 1024
const EMPTY = 'the file is empty; expected groups, defaultRules or routes'
const KEYS = ['groups', 'defaultRules', 'routes']

/**
 * Reads the bytes of a rules file.
 *
 * @param signal ends the wait
 * @throws MTLS_ERR_RULES_FILE_INVALID (`unreadable`, `too_large`)
 */
export async function readRulesBytes (file: string, signal?: AbortSignal): Promise<Buffer> {
  try {
    return await readBounded(file, { maxBytes: MAX_BYTES, signal })
  } catch (error) {
    if (!(error instanceof FileUnreadableError)) throw error
    const { found, isTooLarge, cause = error } = error
    if (isTooLarge) return refuseRulesFile(file, 'too_large', `found ${found}`)
    const { code } = cause as { code?: string }
    return refuseRulesFile(file, 'unreadable', explainUnreadable(code, found), cause)
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
    case 'EISDIR':
      return 'it is a directory (EISDIR); expected the path of a file'
    case 'ENOTDIR':
      return 'a part of its path is no directory (ENOTDIR)'
    default:
      return `found ${found}; expected a file with rules`
  }
}

/**
 * Parses `{ groups?, defaultRules?, routes? }`. The rules themselves are checked when they are compiled.
 *
 * @throws MTLS_ERR_RULES_FILE_INVALID (`malformed`, `structure`)
 */
export function parseRulesFile (file: string, bytes: Uint8Array): FileRules {
  const text = decode(file, bytes)
  if (text.trim() === '') refuseRulesFile(file, 'structure', EMPTY)
  const value = extname(file).toLowerCase() === '.json' ? parseJson(file, text) : parseYaml(file, text)
  // Only comments.
  if (value === null) refuseRulesFile(file, 'structure', EMPTY)
  if (!isObject(value)) {
    return refuseRulesFile(file, 'structure', 'expected an object with groups, defaultRules or routes')
  }
  const { groups = {}, defaultRules, routes = {} } = value
  for (const key of Object.keys(value)) {
    // Editors find the JSON Schema by this key.
    if (key === '$schema' && typeof value[key] === 'string') continue
    if (!KEYS.includes(key)) {
      refuseRulesFile(file, 'structure', `unknown key "${key}"; expected one of ${KEYS.join(', ')}`)
    }
  }
  if (!isObject(groups)) refuseRulesFile(file, 'structure', 'groups: expected an object of groups by name')
  if (!isObject(routes)) refuseRulesFile(file, 'structure', 'routes: expected an object of rules by "METHOD /pattern"')
  if (!KEYS.some((key) => Object.hasOwn(value, key))) {
    refuseRulesFile(file, 'structure', EMPTY)
  }
  return {
    file,
    groups: groups as Groups,
    defaultRules: defaultRules as AllowedClients | undefined,
    routes: new Map(Object.entries(routes)) as Map<string, AllowedClients>
  }
}

function decode (file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return refuseRulesFile(file, 'malformed', 'not UTF-8')
  }
}

function parseJson (file: string, text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return refuseRulesFile(file, 'malformed', (error as Error).message)
  }
  const twice = findDuplicateKey(text)
  return twice === undefined
    ? value
    : refuseRulesFile(file, 'malformed', `duplicate key ${JSON.stringify(twice)} in an object`)
}

function parseYaml (file: string, text: string): unknown {
  // Warnings (an unknown tag, say) mean that the value may not be what the author meant.
  const document = parseDocument(text, {
    version: '1.2', schema: 'core', strict: true, uniqueKeys: true, prettyErrors: true
  })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) refuseRulesFile(file, 'malformed', problem.message)
  try {
    // Aliases of aliases grow exponentially ("billion laughs" attack).
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return refuseRulesFile(file, 'malformed', (error as Error).message)
  }
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
