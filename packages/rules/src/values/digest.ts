import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readText } from './text.ts'

const EXPECTED = 'a SHA-256 of 32 bytes: 64 hex digits, in pairs with colons or without, or base64'
const HEX = /^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i

const FINGERPRINT: CertificateField = { name: 'fingerprint', segmented: false, read: (peer) => peer.fingerprint256 === undefined ? undefined : [peer.fingerprint256] }
const PUBLIC_KEY: CertificateField = { name: 'publicKey', segmented: false, read: (peer) => peer.publicKey256 === undefined ? undefined : [peer.publicKey256] }

/** SHA-256 of a certificate. @throws MTLS_ERR_RULE_INVALID */
export function readFingerprint (value: unknown, path: RulePath): FieldValue {
  return { field: FINGERPRINT, key: readDigest(value, path) }
}

/** SHA-256 of a SubjectPublicKeyInfo. @throws MTLS_ERR_RULE_INVALID */
export function readPublicKey (value: unknown, path: RulePath): FieldValue {
  return { field: PUBLIC_KEY, key: readDigest(value, path) }
}

function readDigest (value: unknown, path: RulePath): string {
  const text = readText(value, path, EXPECTED)
  if (HEX.test(text)) return text.replaceAll(':', '').toLowerCase()
  const bytes = Buffer.from(text, 'base64')
  // Encoding it again is the check for padding, stray bits and characters that Buffer skips.
  if (bytes.length === 32 && bytes.toString('base64') === text) return bytes.toString('hex')
  const digits = text.replaceAll(':', '')
  return refuseRule(path, 'invalid_value', text, EXPECTED, /^[0-9a-f]{40}$/i.test(digits) ? 'this is as long as a SHA-1, which is not accepted' : '')
}
