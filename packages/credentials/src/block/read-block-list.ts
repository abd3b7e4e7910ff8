import { suggestNearest } from '@peerkit/identity/internal'
import type { KnownEntry } from './block-entry.ts'
import { invalidList } from './errors.ts'
import { readBlockDocument } from './read-document.ts'
import { describe } from './read-entry.ts'
import type { Refuse } from './read-entry.ts'
import { readEntries, showPlace } from './read-list.ts'

const KEYS: readonly string[] = ['version', 'block']

/**
 * Reads the entries of a file.
 *
 * @throws MTLS_ERR_BLOCK_LIST_INVALID
 */
export function readBlockList (bytes: Uint8Array, path: string): KnownEntry[] {
  const where = `block (${path})`
  const { value, lineOf } = readBlockDocument(bytes, path, where)
  const refuse: Refuse = (place, what) => {
    const line = lineOf(place)
    const shown = `${showPlace(place)}${line === undefined ? '' : ` (line ${line})`}`
    return invalidList('structure', [where, shown, what].filter((part) => part !== '').join(': '))
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
