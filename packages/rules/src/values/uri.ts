import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from '../list-alt-names.ts'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readSegmentPattern } from './segment-pattern.ts'
import { readPrintable } from './text.ts'

const EXPECTED = 'an absolute URI; in the path, "*" covers one segment and a final "**" the rest'

const read = (peer: PeerIdentity): readonly string[] | undefined => listAltNames(peer, 'uri')
const EXACT: CertificateField = { name: 'uri', segmented: false, read }
const PATTERN: CertificateField = { name: 'uri:pattern', segmented: true, read }

/** A URI or a pattern, compared character by character without decoding. @throws RuleInvalidError */
export function readUri (value: unknown, path: RulePath): FieldValue {
  const text = readPrintable(value, path, EXPECTED)
  // RFC 5280 section 4.2.1.6: the name must be an absolute URI, with a scheme and a scheme-specific part.
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:./.test(text)) refuseRule(path, 'never_matches', text, EXPECTED, 'it has no scheme')
  if (!text.includes('*')) return { field: EXACT, key: text }
  return { field: PATTERN, key: text, segments: readSegmentPattern(text, path, EXPECTED) }
}
