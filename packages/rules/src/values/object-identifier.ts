import { isObjectIdentifier } from '@peerkit/identity'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readText } from './text.ts'

const EXPECTED = 'an OID in dotted decimals'

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

function readOid (value: unknown, path: RulePath): string {
  const text = readText(value, path, EXPECTED)
  if (!isObjectIdentifier(text)) {
    const oid = PURPOSES.get(text.toLowerCase())
    refuseRule(path, 'invalid_value', text, EXPECTED, oid === undefined ? '' : `${text} is ${oid}`)
  }
  return text
}
