import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from '../list-alt-names.ts'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readSegmentPattern } from './segment-pattern.ts'
import { readPrintable } from './text.ts'

const EXPECTED = 'an absolute URI, in whose path "*" covers one segment and a last "**" the rest'

const read = (peer: PeerIdentity): readonly string[] | undefined => listAltNames(peer, 'uri')
const EXACT: CertificateField = { name: 'uri', segmented: false, read }
const PATTERN: CertificateField = { name: 'uri:pattern', segmented: true, read }

/** A URI or a pattern. Compared character by character: nothing is decoded or normalised. @throws MTLS_ERR_RULE_INVALID */
export function readUri (value: unknown, path: RulePath): FieldValue {
  const text = readPrintable(value, path, EXPECTED)
  // RFC 5280 4.2.1.6: the name must not be a relative URI, and has a scheme and what follows it.
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:./.test(text)) refuseRule(path, 'never_matches', text, EXPECTED, 'it has no scheme')
  if (!text.includes('*')) return { field: EXACT, key: text }
  return { field: PATTERN, key: text, segments: readSegmentPattern(text, path, EXPECTED) }
}
