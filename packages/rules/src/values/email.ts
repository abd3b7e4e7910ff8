import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from '../list-alt-names.ts'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readPrintable } from './text.ts'

const EXPECTED = 'an e-mail address, such as ops@example.com'
const HOST = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/

const FIELD: CertificateField = {
  name: 'email',
  segmented: false,
  read: (peer: PeerIdentity) => listAltNames(peer, 'email')?.map(foldHost)
}

/** A mail address. @throws RuleInvalidError */
export function readEmail (value: unknown, path: RulePath): FieldValue {
  const text = readPrintable(value, path, EXPECTED)
  const at = text.lastIndexOf('@')
  if (at < 1 || !HOST.test(text.slice(at + 1))) refuseRule(path, 'invalid_value', text, EXPECTED)
  if (text.includes('*')) refuseRule(path, 'never_matches', text, EXPECTED, 'there are no wildcards in addresses')
  return { field: FIELD, key: foldHost(text) }
}

/** RFC 5280 section 7.5: the host is case-insensitive, the local part case-sensitive. */
function foldHost (address: string): string {
  const at = address.lastIndexOf('@')
  return at === -1 ? address : address.slice(0, at) + address.slice(at).toLowerCase()
}
