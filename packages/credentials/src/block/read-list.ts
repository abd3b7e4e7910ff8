import type { KnownEntry } from './block-entry.ts'
import { invalidList } from './errors.ts'
import { describe, EntryReader } from './read-entry.ts'
import type { Place, Refuse } from './read-entry.ts'

/** The most entries of one list. */
export const MAX_ENTRIES = 100_000

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

/** Writes a place as in JavaScript: `block[3].until`. */
export function showPlace (place: Place): string {
  return place.map((part) => typeof part === 'number' ? `[${part}]` : `.${part}`).join('').slice(1)
}
