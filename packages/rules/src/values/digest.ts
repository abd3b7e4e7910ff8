import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readText } from './text.ts'

const EXPECTED = 'a SHA-256 of 32 bytes: 64 hex digits, with or without colons between pairs, or base64'
const HEX = /^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i

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
  const text = readText(value, path, EXPECTED)
  if (HEX.test(text)) return text.replaceAll(':', '').toLowerCase()
  const bytes = Buffer.from(text, 'base64')
  // Encode it again to check the padding, stray bits, and characters that Buffer skips.
  if (bytes.length === 32 && bytes.toString('base64') === text) return bytes.toString('hex')
  const digits = text.replaceAll(':', '')
  const hint = /^[0-9a-f]{40}$/i.test(digits) ? 'this looks like SHA-1, which is not accepted' : ''
  return refuseRule(path, 'invalid_value', text, EXPECTED, hint)
}
