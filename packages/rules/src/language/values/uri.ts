import { SpiffeIdInvalidError, claimsOf, parseSpiffeId } from '@peerkit/identity'
import type { PeerIdentity, SpiffeId } from '@peerkit/identity'
import { ONE, REST, splitSegments } from '../../match/segments.ts'
import { refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { listAltNames, readPrintable, readText } from './field-value.ts'
import type { CertificateField, FieldValue } from './field-value.ts'

const EXPECTED_URI = 'an absolute URI; in the path, "*" covers one segment and a final "**" the rest'

const read = (peer: PeerIdentity): readonly string[] | undefined => listAltNames(peer, 'uri')
const URI: CertificateField = { name: 'uri', segmented: false, read }
const URI_PATTERN: CertificateField = { name: 'uri:pattern', segmented: true, read }

/** A URI or a pattern, compared character by character without decoding. @throws RuleInvalidError */
export function readUri (value: unknown, path: RulePath): FieldValue {
  const text = readPrintable(value, path, EXPECTED_URI)
  // RFC 5280 section 4.2.1.6: the name must be an absolute URI, with a scheme and a scheme-specific part.
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:./.test(text)) refuseRule(path, 'never_matches', text, EXPECTED_URI, 'it has no scheme')
  if (!text.includes('*')) return { field: URI, key: text }
  return { field: URI_PATTERN, key: text, segments: readSegmentPattern(text, path, EXPECTED_URI) }
}

/** The segments of a URI pattern, in which `*` and `**` cover path segments. @throws RuleInvalidError */
function readSegmentPattern (text: string, path: RulePath, expected: string): readonly string[] {
  const segments = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) ? splitSegments(text) : undefined
  const refuse = (hint: string): never => refuseRule(path, 'never_matches', text, expected, hint)
  if (segments === undefined) return refuse('"*" needs a URI with "//"')
  const [authority, ...rest] = segments as readonly [string, ...string[]]
  if (authority.includes('*')) refuse('"*" covers a path segment; it cannot be in the host')
  if (/[?#]/.test(text)) refuse('a pattern has no query or fragment')
  for (const [index, segment] of rest.entries()) {
    if (segment === REST && index < rest.length - 1) refuse('"**" must be the last segment')
    if (segment.includes('*') && segment !== ONE && segment !== REST) refuse('"*" must be a whole segment')
  }
  return segments
}

const EXPECTED_SPIFFE = 'a SPIFFE ID such as spiffe://prod.example/ns/ops/sa/web, or spiffe://prod.example for the whole ' +
  'trust domain; in the path, "*" covers one segment and a final "**" the rest'

const SPIFFE: CertificateField = { name: 'spiffe', segmented: false, read: listIds }
const TRUST_DOMAIN: CertificateField = {
  name: 'spiffe:trustDomain',
  segmented: false,
  read: (peer) => listIds(peer)?.map((id) => id.slice(0, endOfTrustDomain(id)))
}
const SPIFFE_PATTERN: CertificateField = { name: 'spiffe:pattern', segmented: true, read: listIds }

/** A SPIFFE ID, a pattern, or a trust domain. @throws RuleInvalidError */
export function readSpiffe (value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, EXPECTED_SPIFFE)
  // A list may have a million of them.
  if (!text.includes('*')) {
    const isTrustDomain = parseId(text, path, text).path === ''
    return isTrustDomain ? { field: TRUST_DOMAIN, key: text, coversMany: true } : { field: SPIFFE, key: text }
  }
  const segments = readSegmentPattern(text, path, EXPECTED_SPIFFE)
  // With a letter in place of every wildcard segment, the pattern must be a valid SPIFFE ID.
  const plain = segments.map((segment) => segment === '*' || segment === REST ? 'x' : segment).join('/')
  parseId(plain, path, text)
  return segments.length === 2 && segments[1] === REST
    ? { field: TRUST_DOMAIN, key: segments[0] as string, coversMany: true }
    : { field: SPIFFE_PATTERN, key: text, segments }
}

const EXPECTED_DOMAIN = 'the name of a trust domain such as prod.example, without wildcards'

/** The name of a trust domain. It is the same value as `spiffe` without a path. @throws RuleInvalidError */
export function readTrustDomain (value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, EXPECTED_DOMAIN)
  const refuse = (hint: string): never => refuseRule(path, 'never_matches', text, EXPECTED_DOMAIN, hint)
  if (text.startsWith('spiffe:')) refuse('for a SPIFFE ID there is the key "spiffe"')
  try {
    const { trustDomain, path: rest } = parseSpiffeId(`spiffe://${text}`)
    return rest === '' ? { field: TRUST_DOMAIN, key: `spiffe://${trustDomain}` } : refuse('it has a path')
  } catch (error) {
    if (!(error instanceof SpiffeIdInvalidError)) throw error
    return refuse(error.detail)
  }
}

function parseId (text: string, path: RulePath, found: string): SpiffeId {
  try {
    return parseSpiffeId(text)
  } catch (error) {
    if (!(error instanceof SpiffeIdInvalidError)) throw error
    return refuseRule(path, 'never_matches', found, EXPECTED_SPIFFE, error.detail)
  }
}

function endOfTrustDomain (id: string): number {
  const end = id.indexOf('/', 'spiffe://'.length)
  return end === -1 ? id.length : end
}

/** The SPIFFE ID of a peer, or an empty list; `undefined` if it is not known, or not believed. */
export function listIds (peer: PeerIdentity): readonly string[] | undefined {
  if (peer.notBelieved.includes('spiffe')) return undefined
  if (peer.spiffeId !== undefined) return [peer.spiffeId]
  // A SPIFFE ID is a URI name. If the URI names are known, its absence is known too, even if other URIs are not
  // believed. So the claims tell only whether URI names are known at all.
  return listAltNames(claimsOf(peer), 'uri') === undefined ? undefined : []
}
