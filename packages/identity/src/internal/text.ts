import { isThenable } from './maybe-async.ts'

/** The longest text that an error quotes. A longer one may be a key, given to the wrong option. */
const LONGEST = 40
const LONGEST_URL = 200
const PEM = '-----BEGIN'

/** A value as an error message shows it. Not for secrets: short texts are shown. */
export function describeValue (value: unknown): string {
  if (typeof value === 'string') {
    return value.length > LONGEST && !value.includes(PEM) ? `a text of ${value.length} characters` : describeText(value)
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : describeType(value)
}

/** The type of a value that may be a secret, with its length, but never the value. */
export function describeSecret (value: unknown): string {
  return typeof value === 'string' ? `a string of ${value.length} characters` : describeType(value)
}

/** A URL without its user, password and query, which may be secrets. */
export function describeUrl (value: unknown): string {
  if (typeof value !== 'string') return describeValue(value)
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?([^]*)$/i.exec(value) as RegExpExecArray
  const shown = scheme + rest.replace(/^[^]*@/, '…@').replace(/\?[^]*$/, '?…')
  return shown.length > LONGEST_URL ? `a text of ${value.length} characters` : describeText(shown)
}

function describeText (value: string): string {
  if (value === '') return 'an empty string'
  // It may be a private key in the wrong place.
  return value.includes(PEM) ? 'PEM text' : JSON.stringify(value)
}

function describeType (value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object') return typeof value === 'bigint' ? `${value}n` : `a ${typeof value}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'
  if (isThenable(value)) return 'a Promise (await it)'
  return 'an object'
}

/** The longest text of a peer that is kept in a log line or on a page. */
const MAX_TEXT = 300
const MAX_ITEMS = 10

/**
 * A text of bounded length. Never cuts a surrogate pair in half, so that it stays well-formed. Anyone can publish on a
 * diagnostics channel: a number becomes a text, and other values undefined.
 */
export function clip (value: string, length?: number): string
export function clip (value: unknown, length?: number): string | undefined
export function clip (value: unknown, length: number = MAX_TEXT): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value !== 'string' || value.length <= length) return typeof value === 'string' ? value : undefined
  return `${value.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** A few texts of bounded length. */
export function clipAll (texts: readonly string[]): readonly string[] {
  const few = texts.slice(0, MAX_ITEMS).map((text) => clip(text))
  return texts.length > MAX_ITEMS ? [...few, `… ${texts.length - MAX_ITEMS} more`] : few
}

/** ISO 8601, UTC. Undefined for a time outside of the range of Date: a certificate may expire in such a year. */
export function iso (time: number): string | undefined {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** `a`, `a and b`, `a, b and c`. */
export function listWords (words: readonly string[], joint: 'and' | 'or' = 'and'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1)}`
}

/** The network of an address, to count strangers by. For IPv6 the first 64 bits, because a host chooses the others. */
export function networkOf (address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.includes(':') && !address.includes('.') ? address.split(':').slice(0, 4).join(':') : address
}
