import { SpiffeIdInvalidError, parseSpiffeId } from '@peerkit/identity'
import type { SpiffeId } from '@peerkit/identity'
import { listIds } from '../list-ids.ts'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import { REST, splitSegments } from '../segments.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readSegmentPattern } from './segment-pattern.ts'
import { readText } from './text.ts'

const EXPECTED = 'a SPIFFE ID such as spiffe://prod.example/ns/ops/sa/web, or spiffe://prod.example for the whole ' +
  'trust domain; in the path, "*" covers one segment and a final "**" the rest'

const EXACT: CertificateField = { name: 'spiffe', segmented: false, read: listIds }
const TRUST_DOMAIN: CertificateField = {
  name: 'spiffe:trustDomain',
  segmented: false,
  read: (peer) => listIds(peer)?.map((id) => id.slice(0, endOfTrustDomain(id)))
}
const PATTERN: CertificateField = { name: 'spiffe:pattern', segmented: true, read: listIds }

/** A SPIFFE ID, a pattern, or a trust domain. @throws RuleInvalidError */
export function readSpiffe (value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, EXPECTED)
  const segments = text.includes('*') ? readSegmentPattern(text, path, EXPECTED) : splitSegments(text) ?? []
  // With a letter in place of every wildcard segment, the pattern must be a valid SPIFFE ID.
  const plain = segments.map((segment) => segment === '*' || segment === REST ? 'x' : segment).join('/')
  const id = parseId(text.includes('*') ? plain : text, path, text)
  if (id.path === '' || (segments.length === 2 && segments[1] === REST)) {
    return { field: TRUST_DOMAIN, key: segments[0] as string }
  }
  return text.includes('*') ? { field: PATTERN, key: text, segments } : { field: EXACT, key: text }
}

function parseId (text: string, path: RulePath, found: string): SpiffeId {
  try {
    return parseSpiffeId(text)
  } catch (error) {
    if (!(error instanceof SpiffeIdInvalidError)) throw error
    return refuseRule(path, 'never_matches', found, EXPECTED, error.message.slice(error.message.indexOf(': ') + 2))
  }
}

function endOfTrustDomain (id: string): number {
  const end = id.indexOf('/', 'spiffe://'.length)
  return end === -1 ? id.length : end
}
