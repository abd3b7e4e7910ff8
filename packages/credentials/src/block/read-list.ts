import { suggestNearest } from '@peerkit/identity/internal'
import type { KnownEntry } from './block-entry.ts'
import { invalidList } from './errors.ts'
import { readBlockDocument } from './read-document.ts'
import { describe, EntryReader } from './read-entry.ts'
import type { Place, Refuse } from './read-entry.ts'

/** The most entries of one list. */
export const MAX_ENTRIES = 100_000
const KEYS: readonly string[] = ['version', 'block']

/**
 * Reads the entries of a list.
 *
 * @param place of the list within the document
 * @param where the option and the file, for errors
 * @throws MTLS_ERR_BLOCK_LIST_INVALID (`structure`, `too_large`)
 */
export function readEntries (list: unknown, place: Place, where: string, refuse: Refuse): KnownEntry[] {
  if (!Array.isArray(list)) {
    throw refuse(place, `found ${describe(list)}; expected an array of entries ([] to block nothing)`)
  }
  if (list.length > MAX_ENTRIES) {
    throw invalidList('too_large', `${where}: found ${list.length} entries; expected at most ${MAX_ENTRIES}`)
  }
  const reader = new EntryReader(refuse)
  // Array.map would skip the holes of a sparse array.
  return Array.from(list, (entry: unknown, index) => reader.read(entry, [...place, index]))
}

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
    throw refuse([key], `unknown key; ${suggestNearest(key, KEYS) || `expected ${KEYS.join(' and ')}`}`)
  }
  const version = fields['version']
  // YAML values are read as text.
  if (version !== 1 && version !== '1') throw refuse(['version'], `found ${describe(version)}; expected 1`)
  return readEntries(fields['block'], ['block'], where, refuse)
}

/** Writes a place as in JavaScript: `block[3].until`. */
export function showPlace (place: Place): string {
  return place.map((part) => typeof part === 'number' ? `[${part}]` : `.${part}`).join('').slice(1)
}
