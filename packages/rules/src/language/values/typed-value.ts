import { isObjectIdentifier } from '@peerkit/identity'
import type { TypedValue } from '@peerkit/identity'
import { MAX_BITS, MAX_INTEGER_OCTETS } from '@peerkit/identity/x509'
import { readParts } from '../object-value.ts'
import { isPlainObject, refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { readText } from './field-value.ts'

/** A value of an otherName or an extension: its bytes, or its type and value. */
export interface ReadValue {
  readonly isRaw: boolean
  readonly key: string
}

const EXPECTED = 'a string, true, false, a whole number, or an object such as { "oid": "1.2.3" }'
const MAX_INTEGER = 2n ** BigInt(8 * MAX_INTEGER_OCTETS - 1)

/** How the value of each type is written in a rule. */
const TYPES: Readonly<Record<'text' | 'integer' | 'oid' | 'octets' | 'bits' | 'time' | 'raw', {
  readonly expected: string
  /** The key; undefined for a wrong value. */
  readonly read: (value: string) => string | undefined
}>> = {
  text: { expected: 'a string', read: (value) => value },
  integer: { expected: 'a whole number in decimal digits', read: readInteger },
  oid: { expected: 'an OID in dotted decimals', read: (value) => isObjectIdentifier(value) ? value : undefined },
  octets: { expected: 'the octets in pairs of hex digits', read: readHex },
  bits: {
    expected: `at most ${MAX_BITS} digits 0 and 1`,
    read: (value) => /^[01]*$/.test(value) && value.length <= MAX_BITS ? value : undefined
  },
  time: { expected: 'a time in whole seconds, such as 2027-03-15T00:00:00Z', read: readTime },
  raw: { expected: 'the DER of the value in pairs of hex digits', read: readHex }
}
const NAMES = Object.keys(TYPES) as readonly (keyof typeof TYPES)[]

/** A value with its type. @throws RuleInvalidError */
export function readTypedValue (value: unknown, path: RulePath): ReadValue {
  if (typeof value === 'string') return { isRaw: false, key: `text:${readText(value, path, EXPECTED)}` }
  if (typeof value === 'boolean') return { isRaw: false, key: `boolean:${value}` }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) {
      refuseRule(path, 'invalid_value', value, EXPECTED, 'a larger number is written { "integer": "…" }')
    }
    return { isRaw: false, key: `integer:${BigInt(value)}` }
  }
  if (!isPlainObject(value)) refuseRule(path, 'wrong_type', value, EXPECTED)
  const parts = Object.entries(readParts(value, path, NAMES, EXPECTED))
  const [part, second] = parts
  if (part === undefined || second !== undefined) {
    refuseRule(path, 'invalid_value', value, `one of ${NAMES.join(', ')}`, 'a value has one type')
  }
  const [name, { value: content, path: at }] = part as [keyof typeof TYPES, { value: unknown, path: RulePath }]
  const { expected, read } = TYPES[name]
  if (typeof content !== 'string') refuseRule(at, 'wrong_type', content, `${expected}, as a string`)
  if (!content.isWellFormed()) refuseRule(at, 'invalid_value', content, expected, 'it has an unpaired surrogate')
  const key = read(content)
  if (key === undefined) refuseRule(at, 'invalid_value', content, expected)
  return name === 'raw' ? { isRaw: true, key } : { isRaw: false, key: `${name}:${key}` }
}

function readInteger (text: string): string | undefined {
  if (!/^(?:0|-?[1-9]\d*)$/.test(text) || text.length > 400) return undefined
  const value = BigInt(text)
  return value >= -MAX_INTEGER && value < MAX_INTEGER ? String(value) : undefined
}

function readHex (text: string): string | undefined {
  return /^(?:[0-9a-f]{2})*$/i.test(text) ? text.toLowerCase() : undefined
}

function readTime (text: string): string | undefined {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : Number.NaN
  // Date.parse takes the 31st of every month.
  const isReal = !Number.isNaN(time) && new Date(time).toISOString().slice(0, 19) === text.slice(0, 19)
  return isReal ? String(time) : undefined
}

/** The key of a value in a certificate. */
export function keyOfValue ({ type, value }: TypedValue): string {
  return `${type}:${value ?? ''}`
}

/** A value of a certificate for explanations. */
export function showValue (value: TypedValue | undefined, hex: string): string {
  if (value === undefined || value.value === undefined) return `raw ${hex}`
  if (value.type === 'time') return `time ${new Date(value.value).toISOString()}`
  return `${value.type} ${value.value}`
}
