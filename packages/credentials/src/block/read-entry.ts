import { findNearest } from '@peerkit/identity/internal'
import { BlockListInvalidError } from '../errors.ts'
import type { BlockEntry, KnownEntry } from './block-source.ts'
import { readDns, readEmail, readName, readPublicKey, readSerial, readSpiffe, readUntil } from './entry-values.ts'
import type { EntryValue, WrongValue } from './entry-values.ts'

/** Where a value is: keys and positions from the top of the document. */
export type Place = readonly (string | number)[]

/** Makes the error for a place. */
export type Refuse = (place: Place, what: string) => Error

const SUBJECTS = ['issuer', 'publicKey', 'spiffe', 'name', 'dns', 'email'] as const
type Subject = typeof SUBJECTS[number]
const KEYS: readonly string[] = [...SUBJECTS, 'serialNumber', 'reason', 'until']
const NEEDED = 'one of issuer with serialNumber, publicKey, spiffe, name, dns, email'
/** Names that other software uses for the keys. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['serial', 'serialNumber'], ['spki', 'publicKey'], ['key', 'publicKey'], ['uri', 'spiffe'], ['subject', 'name'],
  ['dn', 'name'], ['cn', 'name'], ['host', 'dns'], ['mail', 'email'], ['comment', 'reason'], ['expires', 'until']
])
const FINGERPRINT = 'found a fingerprint, which does not block reliably: the holder of a certificate can change its ' +
  'fingerprint while it still verifies (by negating the s of an ECDSA signature); expected issuer and serialNumber, ' +
  'or publicKey'
const MAX_REASON = 1_000
const MAX_VALUE = 10_000

/** What an entry is compared with, and its normalized values. */
interface Found extends Pick<KnownEntry, 'kind' | 'key' | 'text'> { readonly spelling: BlockEntry }

/** Reads entries. Lists repeat the same few issuers, so each name is parsed once. */
class EntryReader {
  readonly #refuse: Refuse
  readonly #names = new Map<string, EntryValue | WrongValue>()

  constructor (refuse: Refuse) { this.#refuse = refuse }

  /** @throws what `refuse` makes */
  read (value: unknown, place: Place): KnownEntry {
    const fields = this.#fields(value, place)
    const subject = this.#subject(fields, place)
    const { kind, key, text, spelling } = this.#value(subject, fields, place)
    const until = this.#until(fields, place)
    const reason = this.#reason(fields, place)
    const entry: BlockEntry = Object.freeze({
      ...spelling,
      ...(reason !== undefined && { reason }),
      ...(until !== Infinity && { until: new Date(until).toISOString() })
    })
    return { entry, kind, key, until, text, id: JSON.stringify(entry) }
  }

  #fields (value: unknown, place: Place): ReadonlyMap<string, string> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.#refuse(place, `found ${describe(value)}; expected an object with ${NEEDED}`)
    }
    const fields = new Map<string, string>()
    for (const [key, field] of Object.entries(value) as [string, unknown][]) {
      if (!KEYS.includes(key)) throw this.#refuse([...place, key], explainKey(key))
      if (field === undefined) continue
      if (typeof field !== 'string') {
        const quotes = typeof field === 'number' ? ', in quotes' : ''
        throw this.#refuse([...place, key], `found ${describe(field)}; expected text${quotes}`)
      }
      if (field.length > MAX_VALUE) {
        throw this.#refuse([...place, key], `found ${field.length} characters; expected at most ${MAX_VALUE}`)
      }
      fields.set(key, field.trim())
    }
    return fields
  }

  #subject (fields: ReadonlyMap<string, string>, place: Place): Subject {
    const found = SUBJECTS.filter((key) => fields.has(key))
    const [subject] = found
    if (found.length > 1) throw this.#refuse(place, `found ${found.join(' and ')}; expected exactly ${NEEDED}`)
    if (fields.has('serialNumber') && subject !== 'issuer') {
      const context = subject === undefined ? 'without issuer' : `with ${subject}`
      throw this.#refuse(place, `found serialNumber ${context}; expected serialNumber with issuer`)
    }
    if (subject === undefined) {
      throw this.#refuse(place, `found ${[...fields.keys()].join(' and ') || 'nothing'}; expected ${NEEDED}`)
    }
    if (subject === 'issuer' && !fields.has('serialNumber')) {
      const hint = 'to block a whole CA, block its publicKey'
      throw this.#refuse(place, `found issuer without serialNumber; expected both (${hint})`)
    }
    return subject
  }

  #value (subject: Subject, fields: ReadonlyMap<string, string>, place: Place): Found {
    const take = <Value extends EntryValue>(key: string, read: (text: string) => Value | WrongValue): Value => {
      const value = read(fields.get(key) ?? '')
      if ('expected' in value) throw this.#wrong(value, fields, key, place)
      return value
    }
    switch (subject) {
      case 'issuer': {
        const issuer = take('issuer', (text) => this.#name(text))
        const serial = take('serialNumber', readSerial)
        const spelling = { issuer: issuer.text, serialNumber: serial.text }
        const text = `issuer ${issuer.text}, serial number ${serial.text}`
        return { kind: 'serial', key: serialIssuerKey(serial.key, issuer.key), text, spelling }
      }
      case 'publicKey': {
        const { key, text } = take(subject, readPublicKey)
        return { kind: subject, key, text: `public key ${text}`, spelling: { publicKey: text } }
      }
      case 'spiffe': {
        const { kind, key, text } = take(subject, readSpiffe)
        return { kind, key, text: `SPIFFE ID ${text}`, spelling: { spiffe: text } }
      }
      case 'name': {
        const { key, text } = take(subject, (name) => this.#name(name))
        return { kind: subject, key, text: `name ${text}`, spelling: { name: text } }
      }
      case 'dns': {
        const { key, text } = take(subject, readDns)
        return { kind: subject, key, text: `DNS name ${text}`, spelling: { dns: text } }
      }
      default: {
        const { key, text } = take(subject, readEmail)
        return { kind: subject, key, text: `e-mail address ${text}`, spelling: { email: text } }
      }
    }
  }

  #name (text: string): EntryValue | WrongValue {
    let name = this.#names.get(text)
    if (name === undefined) this.#names.set(text, name = readName(text))
    return name
  }

  #until (fields: ReadonlyMap<string, string>, place: Place): number {
    const text = fields.get('until')
    const until = text === undefined ? Infinity : readUntil(text)
    if (typeof until !== 'number') throw this.#wrong(until, fields, 'until', place)
    return until
  }

  #wrong ({ expected, detail }: WrongValue, fields: ReadonlyMap<string, string>, key: string, place: Place): Error {
    const more = detail === undefined ? '' : ` (${detail})`
    return this.#refuse([...place, key], `found ${describe(fields.get(key))}; expected ${expected}${more}`)
  }

  #reason (fields: ReadonlyMap<string, string>, place: Place): string | undefined {
    const reason = fields.get('reason')?.replace(/\s+/g, ' ')
    if (reason !== undefined && reason.length > MAX_REASON) {
      throw this.#refuse([...place, 'reason'], `found ${reason.length} characters; expected at most ${MAX_REASON}`)
    }
    return reason === '' ? undefined : reason
  }
}

/** A serial number contains no space, so two different pairs never have the same key. */
export function serialIssuerKey (serial: string, issuer: string): string {
  return `${serial} ${issuer}`
}

/** Describes a value on one short line. */
export function describe (value: unknown): string {
  if (value === '') return 'an empty text'
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 79)}…` : value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function') return 'a function'
  return value === undefined ? 'nothing' : String(value)
}

function explainKey (key: string): string {
  if (/finger|thumb/i.test(key)) return FINGERPRINT
  const nearest = SYNONYMS.get(key.toLowerCase()) ?? findNearest(key, KEYS)
  return `unknown key; ${nearest === undefined ? `expected one of ${KEYS.join(', ')}` : `did you mean "${nearest}"?`}`
}

/** The most entries of one list. */
const MAX_ENTRIES = 100_000

/**
 * Reads the entries of a list.
 *
 * @param place of the list within the document
 * @param where the option and the file, for errors
 * @throws BlockListInvalidError (`structure`, `too_large`)
 */
export function readEntries (list: unknown, place: Place, where: string, refuse: Refuse): KnownEntry[] {
  if (!Array.isArray(list)) {
    throw refuse(place, `found ${describe(list)}; expected an array of entries ([] to block nothing)`)
  }
  if (list.length > MAX_ENTRIES) {
    const problem = `found ${list.length} entries; expected at most ${MAX_ENTRIES}`
    throw new BlockListInvalidError('too_large', `${where}: ${problem}`)
  }
  const reader = new EntryReader(refuse)
  // Array.map would skip the holes of a sparse array.
  return Array.from(list, (entry: unknown, index) => reader.read(entry, [...place, index]))
}

/** Writes a place as in JavaScript: `block[3].until`. */
export function showPlace (place: Place): string {
  return place.map((part) => typeof part === 'number' ? `[${part}]` : `.${part}`).join('').slice(1)
}
