import { isObjectIdentifier } from '@peerkit/identity'
import { suggestNearest } from '@peerkit/identity/internal'
import { KEY_USAGE } from '@peerkit/identity/x509'
import { refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { readText } from './field-value.ts'
import type { CertificateField, FieldValue } from './field-value.ts'

const EXPECTED_SERIAL = 'a serial number in hex digits, with or without colons between pairs'
const SERIAL = /^(?:[0-9a-f]+|[0-9a-f]{2}(?::[0-9a-f]{2})+)$/i
/** A negative serial number, which is always shown in whole octets. Zero is not negative. */
const NEGATIVE_SERIAL = /^-(?=[0:]*[1-9a-f])[0-9a-f]{2}(?::?[0-9a-f]{2})*$/i

const SERIAL_NUMBER: CertificateField = {
  name: 'serialNumber',
  segmented: false,
  read: ({ serialNumber }) => serialNumber === undefined ? undefined : [serialNumber]
}

/** A serial number, with `-` in front of a negative one. Leading zeros are ignored. @throws RuleInvalidError */
export function readSerialNumber (value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, typeof value === 'number' ? `${EXPECTED_SERIAL}, as a string` : EXPECTED_SERIAL)
  if (!SERIAL.test(text) && !NEGATIVE_SERIAL.test(text)) refuseRule(path, 'invalid_value', text, EXPECTED_SERIAL)
  const sign = text.startsWith('-') ? '-' : ''
  const digits = text.slice(sign.length).replaceAll(':', '').toLowerCase().replace(/^0+(?=.)/, '')
  // PeerIdentity has whole octets, at most 64 of them.
  if (digits.length > 128) {
    refuseRule(path, 'never_matches', text, EXPECTED_SERIAL, 'a serial number has at most 64 octets')
  }
  return { field: SERIAL_NUMBER, key: `${sign}${digits.length % 2 === 0 ? digits : `0${digits}`}` }
}

const EXPECTED_DIGEST = 'a SHA-256 of 32 bytes: 64 hex digits, with or without colons between pairs, or base64'
const DIGEST = /^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i

const FINGERPRINT: CertificateField = {
  name: 'fingerprint',
  segmented: false,
  read: ({ fingerprint256 }) => fingerprint256 === undefined ? undefined : [fingerprint256]
}
const PUBLIC_KEY: CertificateField = {
  name: 'publicKey',
  segmented: false,
  read: ({ publicKey256 }) => publicKey256 === undefined ? undefined : [publicKey256]
}

/** SHA-256 of a certificate. @throws RuleInvalidError */
export function readFingerprint (value: unknown, path: RulePath): FieldValue {
  return { field: FINGERPRINT, key: readDigest(value, path) }
}

/** SHA-256 of a SubjectPublicKeyInfo. @throws RuleInvalidError */
export function readPublicKey (value: unknown, path: RulePath): FieldValue {
  return { field: PUBLIC_KEY, key: readDigest(value, path) }
}

function readDigest (value: unknown, path: RulePath): string {
  const text = readText(value, path, EXPECTED_DIGEST)
  if (DIGEST.test(text)) return text.replaceAll(':', '').toLowerCase()
  const bytes = Buffer.from(text, 'base64')
  // Encode it again to check the padding, stray bits, and characters that Buffer skips.
  if (bytes.length === 32 && bytes.toString('base64') === text) return bytes.toString('hex')
  const digits = text.replaceAll(':', '')
  const hint = /^[0-9a-f]{40}$/i.test(digits) ? 'this looks like SHA-1, which is not accepted' : ''
  return refuseRule(path, 'invalid_value', text, EXPECTED_DIGEST, hint)
}

const EXPECTED_OID = 'an OID in dotted decimals'

/** The purposes of RFC 5280 section 4.2.1.12 by name, to suggest the OID. */
const PURPOSES: ReadonlyMap<string, string> = new Map([
  ['serverauth', '1.3.6.1.5.5.7.3.1'], ['clientauth', '1.3.6.1.5.5.7.3.2'], ['codesigning', '1.3.6.1.5.5.7.3.3'],
  ['emailprotection', '1.3.6.1.5.5.7.3.4'], ['timestamping', '1.3.6.1.5.5.7.3.8'], ['ocspsigning', '1.3.6.1.5.5.7.3.9'],
])

const POLICY: CertificateField = { name: 'policy', segmented: false, read: (peer) => peer.policies }
const PURPOSE: CertificateField = { name: 'extendedKeyUsage', segmented: false, read: (peer) => peer.extendedKeyUsage }

/** A certificate policy. anyPolicy in the certificate matches only itself. @throws RuleInvalidError */
export function readPolicy (value: unknown, path: RulePath): FieldValue {
  return { field: POLICY, key: readOid(value, path) }
}

/** An extended key usage. anyExtendedKeyUsage in the certificate matches only itself. @throws RuleInvalidError */
export function readExtendedKeyUsage (value: unknown, path: RulePath): FieldValue {
  return { field: PURPOSE, key: readOid(value, path) }
}

/** @throws RuleInvalidError */
export function readOid (value: unknown, path: RulePath): string {
  const text = readText(value, path, EXPECTED_OID)
  if (!isObjectIdentifier(text)) {
    const oid = PURPOSES.get(text.toLowerCase())
    refuseRule(path, 'invalid_value', text, EXPECTED_OID, oid === undefined ? '' : `${text} is ${oid}`)
  }
  return text
}

/** The OID of a name, or an OID. @throws RuleInvalidError */
export function readNamedOid (names: Readonly<Record<string, string>>, value: unknown, path: RulePath): string {
  const expected = `${Object.keys(names).join(', ')} or an OID`
  const text = readText(value, path, expected)
  const oid = Object.hasOwn(names, text) ? names[text] : text
  if (oid !== undefined && isObjectIdentifier(oid)) return oid
  return refuseRule(path, 'invalid_value', text, expected, suggestNearest(text, Object.keys(names)))
}

const KEY_USAGE_FIELD: CertificateField = { name: 'keyUsage', segmented: false, read: (peer) => peer.keyUsage }
const USAGES = Object.keys(KEY_USAGE)
const EXPECTED_USAGE = `one of ${USAGES.join(', ')}`

/** A key usage. A certificate without the extension has none of them. @throws RuleInvalidError */
export function readKeyUsage (value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, EXPECTED_USAGE)
  if (!USAGES.includes(text)) {
    refuseRule(path, 'invalid_value', text, EXPECTED_USAGE, suggestNearest(text, USAGES))
  }
  return { field: KEY_USAGE_FIELD, key: text }
}

const AUTHORITY: CertificateField = {
  name: 'authority',
  segmented: false,
  // Undefined is unknown: neither this authority nor another.
  read: ({ authority }) => authority === undefined ? undefined : [authority]
}

/** The name of an authority, exactly. @throws RuleInvalidError */
export function readAuthority (value: unknown, path: RulePath): FieldValue {
  return { field: AUTHORITY, key: readText(value, path, 'the name of an authority') }
}
