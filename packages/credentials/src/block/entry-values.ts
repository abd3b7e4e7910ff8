import { NameInvalidError, nameKey, parseDistinguishedName, parseSpiffeId, rdnKeys } from '@peerkit/identity'
import type { EntryKind } from './block-source.ts'

/** A normalized value, and its lookup key. */
export interface EntryValue {
  readonly text: string
  readonly key: string
}

/** A value that cannot be used. */
export interface WrongValue {
  readonly expected: string
  /** More about what is wrong with it. */
  readonly detail?: string
}

const MAX_SERIAL_DIGITS = 128
const SERIAL = /^(?:[0-9a-f]+|[0-9a-f]{1,2}(?::[0-9a-f]{2})+)$/i
/** A negative serial number, which is always shown in whole octets. Zero is not negative. */
const NEGATIVE_SERIAL = /^-(?=[0:]*[1-9a-f])[0-9a-f]{2}(?::?[0-9a-f]{2})*$/i
const HEX_DIGEST = /^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i
const BASE64_DIGEST = /^[A-Za-z0-9+/]{43}=?$/
const DNS_NAME = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/
const MAX_DNS_NAME = 253
const EXPECTED_SPIFFE =
  'a SPIFFE ID such as spiffe://prod.example/web, a trust domain spiffe://prod.example, or a path that ends in "/**"'
const NO_WILDCARD =
  'wildcards are not supported; block a wildcard certificate by issuer and serialNumber, or by publicKey'
const EMAIL = /^[\x21-\x7e]+@[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/
const TIME = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

/** The significant digits of a serial number, as lower-case hex, with `-` in front of a negative one. */
export function serialKey (serialNumber: string): string {
  return serialNumber.replaceAll(':', '').replace(/^(-?)0+(?=.)/, '$1').toLowerCase()
}

export function readSerial (value: string): EntryValue | WrongValue {
  const key = serialKey(value)
  const [sign, digits] = key.startsWith('-') ? ['-', key.slice(1)] : ['', key]
  const isSerial = SERIAL.test(value) || NEGATIVE_SERIAL.test(value)
  if (!isSerial || digits.length > MAX_SERIAL_DIGITS) {
    return { expected: `up to ${MAX_SERIAL_DIGITS} hex digits, such as 0a:1b:2c` }
  }
  return { text: digits.length % 2 === 0 ? key : `${sign}0${digits}`, key }
}

export function readPublicKey (value: string): EntryValue | WrongValue {
  const wrong = { expected: 'the SHA-256 of the SubjectPublicKeyInfo, in 64 hex digits or in base64' }
  if (HEX_DIGEST.test(value)) return same(value.replaceAll(':', '').toLowerCase())
  if (!BASE64_DIGEST.test(value)) return wrong
  const bytes = Buffer.from(value, 'base64')
  // 43 characters hold two bits more than 32 bytes. If these are set, the text is damaged.
  if (bytes.toString('base64') !== value.padEnd(44, '=')) return { ...wrong, detail: 'it is damaged at its end' }
  return same(bytes.toString('hex'))
}

export function readName (value: string): EntryValue | WrongValue {
  const expected = 'a distinguished name, such as CN=web,OU=billing'
  try {
    const name = parseDistinguishedName(value)
    // Many certificates have an empty subject and only alternative names. One entry must not block them all.
    if (name.rdns.length === 0) return { expected }
    return { text: name.toString(), key: nameKey(rdnKeys(name)) }
  } catch (error) {
    if (!(error instanceof NameInvalidError)) throw error
    return { expected, detail: withoutPrefix(error) }
  }
}

/** The key of a URI that starts with `spiffe:`: the host in lower case, without user, port, query and fragment. */
export function spiffeKey (uri: string): { readonly trustDomain: string, readonly id: string } {
  const [, host = '', path = ''] = /^spiffe:\/\/(?:[^/?#]*@)?([^/?#:]*)(?::[^/?#]*)?([^?#]*)/i.exec(uri) ?? []
  const trustDomain = host.toLowerCase()
  return { trustDomain, id: trustDomain + path }
}

export function readSpiffe (value: string): EntryValue & { readonly kind: EntryKind } | WrongValue {
  const isBelow = value.endsWith('/**')
  try {
    const { trustDomain, path } = parseSpiffeId(isBelow ? value.slice(0, -3) : value)
    const kind = path === '' ? 'trustDomain' : isBelow ? 'below' : 'spiffe'
    return { kind, text: kind === 'trustDomain' ? `spiffe://${trustDomain}` : value, key: trustDomain + path }
  } catch (error) {
    return { expected: EXPECTED_SPIFFE, detail: withoutPrefix(error as Error) }
  }
}

/** Names are compared without case and without a trailing dot. */
export function dnsKey (name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

export function readDns (value: string): EntryValue | WrongValue {
  const expected = 'one DNS name in ASCII, such as web.prod.example'
  const key = dnsKey(value)
  if (value.includes('*')) return { expected, detail: NO_WILDCARD }
  return DNS_NAME.test(key) && key.length <= MAX_DNS_NAME ? same(key) : { expected }
}

export function readEmail (value: string): EntryValue | WrongValue {
  const expected = 'one e-mail address, such as ops@example.com'
  // In RFC 5280 the local part is case-sensitive. Mail servers ignore case, and blocking more spellings is safer.
  const key = value.toLowerCase()
  if (value.includes('*')) return { expected, detail: 'wildcards are not supported' }
  return EMAIL.test(key) ? same(key) : { expected }
}

/** Milliseconds since the epoch. */
export function readUntil (value: string): number | WrongValue {
  const wrong = { expected: 'a date, or a time with its zone, such as 2026-12-24 or 2026-12-24T18:00:00Z' }
  const match = TIME.exec(value)
  const time = match === null ? NaN : Date.parse(value.replace(' ', 'T'))
  if (match === null || Number.isNaN(time)) return wrong
  // Date.parse reads 30 February as 2 March.
  const [, year, month, day] = match.map(Number) as [number, number, number, number]
  const isDay = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
  return isDay ? time : { ...wrong, detail: 'the calendar has no such day' }
}

function same (text: string): EntryValue {
  return { text, key: text }
}

function withoutPrefix ({ message }: Error): string {
  return message.slice(message.indexOf(': ') + 2)
}
