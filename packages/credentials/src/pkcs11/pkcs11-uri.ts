import { listWords, wrongOption } from '@peerkit/identity/internal'
import { CredentialsOptionError } from '../errors.ts'

/** A private key in a token, as a PKCS#11 URI names it (RFC 7512). */
export interface Pkcs11Uri {
  /** The URI in the form that the engine reads: its attributes in a fixed order, everything unusual percent-encoded. */
  readonly text: string
  /** The attributes that choose the token, in the same form. */
  readonly token: string
  /** The values by attribute, as octets. */
  readonly values: ReadonlyMap<string, Buffer>
}

/** Attributes that choose the token, with the most octets of each (PKCS#11 3.1 section 3.2, CK_TOKEN_INFO). */
const TOKEN_ATTRIBUTES: Readonly<Record<string, number>> = { token: 32, serial: 16, manufacturer: 32, model: 16 }
/** Attributes that choose the object. The engine has room for 100 octets of an identifier. */
const OBJECT_ATTRIBUTES: Readonly<Record<string, number>> = { object: 255, id: 100, type: 7 }
const ATTRIBUTES: Readonly<Record<string, number>> = { ...TOKEN_ATTRIBUTES, ...OBJECT_ATTRIBUTES }
const NAMES = Object.keys(ATTRIBUTES)

/** Attributes of RFC 7512 that belong elsewhere, with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'pin-value': 'the PIN comes from the option pin, and stands in no URI',
  'pin-source': 'the PIN comes from the option pin',
  'module-path': 'the path comes from the option module',
  'module-name': 'the path comes from the option module',
  'slot-id': 'the engine does not know it: name the token by token or serial',
  'slot-description': 'the engine does not know it: name the token by token or serial',
  'slot-manufacturer': 'the engine does not know it: name the token by token or serial',
  'library-description': 'the engine does not know it, and uses the option module',
  'library-manufacturer': 'the engine does not know it, and uses the option module',
  'library-version': 'the engine does not know it, and uses the option module'
}

const EXPECTED = 'a PKCS#11 URI of a private key such as pkcs11:token=ledger;object=tls'
/** What RFC 7512 section 2.3 allows in a value without encoding. */
const PLAIN = /^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,=&]|%[0-9A-Fa-f]{2})*$/

/**
 * Reads a PKCS#11 URI (RFC 7512). It must name one token and one object: without them the engine would take the first
 * of each, and might try the PIN of one token on another.
 *
 * No error shows a value, because it may be a PIN.
 *
 * @throws CredentialsOptionError
 */
export function readPkcs11Uri (uri: string, option: string): Pkcs11Uri {
  const fail = (found: string, expected = EXPECTED): Error => {
    return wrongOption(CredentialsOptionError, option, found, expected)
  }
  const [, rest] = /^pkcs11:([\s\S]*)$/i.exec(uri) ?? []
  if (rest === undefined) throw fail('a text that does not start with pkcs11:')
  const [path = '', ...queries] = rest.split('?')
  const [named] = queries.join('&').split('&').map((part) => part.split('=', 1)[0] as string)
  if (queries.length > 0) throw describeUnknown(named ?? '', fail)
  const values = new Map<string, Buffer>()
  for (const part of path.split(';')) {
    const [name = ''] = part.split('=', 1)
    const most = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : undefined
    if (most === undefined) throw describeUnknown(name, fail)
    if (values.has(name)) throw fail(`a URI with two attributes ${name}`)
    values.set(name, readValue(name, part.slice(name.length + 1), most, fail))
  }
  const type = values.get('type')?.toString()
  if (type !== undefined && type !== 'private') throw fail('a URI of another type', 'type=private, or no type')
  if (!values.has('token') && !values.has('serial')) {
    throw fail('a URI without a token', 'token=…, serial=…, or both')
  }
  if (!values.has('object') && !values.has('id')) {
    throw fail('a URI without an object', 'object=…, id=%…, or both')
  }
  const write = (names: readonly string[]): string => names.flatMap((name) => {
    const value = values.get(name)
    return value === undefined ? [] : [`${name}=${encode(value)}`]
  }).join(';')
  const token = write(Object.keys(TOKEN_ATTRIBUTES))
  return { text: `pkcs11:${token};${write(['object', 'id'])};type=private`, token, values }
}

type Fail = (found: string, expected?: string) => Error

function readValue (name: string, value: string, most: number, fail: Fail): Buffer {
  if (value === '') throw fail(`a URI with an empty ${name}`)
  if (!PLAIN.test(value)) {
    throw fail(`a URI with characters in ${name} that must be encoded`, 'a space as %20, and the like (RFC 7512)')
  }
  const decoded = value.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  const octets = Buffer.from(decoded, 'latin1')
  // The engine takes texts of C, which end at the first zero. An identifier is not one.
  if (name !== 'id' && octets.includes(0)) throw fail(`a URI with a zero octet in ${name}`)
  if (octets.length > most) throw fail(`a URI with ${octets.length} octets in ${name}`, `at most ${most}`)
  return octets
}

function describeUnknown (name: string, fail: Fail): Error {
  const reason = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined
  if (reason !== undefined) return fail(`a URI with the attribute ${name}`, `a URI without it: ${reason}`)
  // What is no word may be a part of a PIN.
  const found = /^[a-z-]{1,24}$/.test(name) ? `the unknown attribute ${name}` : 'something that is no attribute'
  return fail(`a URI with ${found}`, `attributes of ${listWords(NAMES, 'and')}`)
}

function encode (value: Buffer): string {
  return [...value].map((octet) => {
    const char = String.fromCharCode(octet)
    return /[A-Za-z0-9\-._~]/.test(char) ? char : `%${octet.toString(16).padStart(2, '0').toUpperCase()}`
  }).join('')
}
