import { claimsOf, flawOfClaim } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { clip, listWords } from '@peerkit/identity/internal'
import type { ParsedKey } from '../language/parsed-rule.ts'
import { RULE_KEYS } from '../language/rule-keys.ts'
import { listExtensionOids } from '../language/values/extension.ts'
import { listAltNames } from '../language/values/field-value.ts'
import { READABLE_KINDS } from '../lint/rule-authority.ts'
import type { RequestFinding, RuleExplanation } from '../verdict.ts'

const MAX_FOUND = 10
const MAX_LENGTH = 256

/** The values of a certificate for a key, shortened: a certificate may have a hundred thousand octets of names. */
export function listFound (
  { key, values }: Pick<ParsedKey, 'key' | 'values'>, peer: PeerIdentity
): readonly string[] | undefined {
  return RULE_KEYS[key].find(peer, values)?.slice(0, MAX_FOUND).map((text) => clip(text, MAX_LENGTH))
}

/** The values that are searched for a near miss. */
const MAX_VALUES = 1000

/** Explains the probable mistake if a key did not match. */
export function noteMismatch (
  { key, values }: ParsedKey, found: readonly string[], peer: PeerIdentity, asked: readonly RequestFinding[] = []
): string | undefined {
  const texts = values.slice(0, MAX_VALUES).filter((value) => typeof value === 'string')
    .concat(asked.flatMap((one) => one.values))
  if (key === 'spiffe' || (key === 'trustDomain' && found.length === 0)) return noteSpiffe(found, peer)
  if (key === 'via' && found.length === 0) return 'the peer came directly, not through a gateway'
  if (key === 'dns') {
    const names = new Set(peer.subject?.values('CN').map((name) => name.toLowerCase()))
    const isCommonName = texts.some((text) => names.has(text.toLowerCase()))
    if (isCommonName) return 'the common name has this value, but it is never used as a DNS name'
  }
  if (key === 'commonName' && found.length === 0) return 'the subject has no common name'
  const folded = new Set(found.map((text) => text.toLowerCase()))
  if (key !== 'dns' && texts.some((text) => folded.has(text.toLowerCase()))) return 'it differs only in case'
  const trimmed = new Set(found.map((text) => text.trim()))
  if (texts.some((text) => trimmed.has(text.trim()))) return 'it differs only in spaces at its ends'
  return undefined
}

/** Why a rule does not hold now. */
export function notePeriod (key: 'validFrom' | 'validUntil'): string {
  return key === 'validFrom' ? 'the rule does not hold yet' : 'the rule has ended'
}

function noteSpiffe (found: readonly string[], peer: PeerIdentity): string | undefined {
  if (found.length > 0) return undefined
  // Also URI names that are not believed tell what is wrong with the certificate.
  const uris = listAltNames(claimsOf(peer), 'uri') ?? []
  if (uris.length === 0) return 'the certificate has no URI name'
  if (uris.length > 1) return `the certificate has ${uris.length} URI names; an X.509-SVID has exactly one`
  if (uris[0]?.startsWith('spiffe:') !== true) return 'the URI name is not a SPIFFE ID'
  return 'the certificate is not a valid X.509-SVID: it is a CA, or its SPIFFE ID is malformed'
}

/** Whether a key is unknown because the authority does not vouch for names of its kind. */
export function isNotBelieved ({ key, values }: ParsedKey, peer: PeerIdentity): boolean {
  const { notBelieved } = peer
  const kind = RULE_KEYS[key].kind
  if (kind === undefined) return false
  if (notBelieved.includes(kind)) return true
  if (kind === 'extension') return listNotBelieved(values, peer).length > 0
  // A SPIFFE ID that is not believed makes the whole list of URI names unknown.
  return kind === 'uri' && notBelieved.includes('spiffe') && peer.subjectAltNames?.unknown.includes('uri') === true
}

/** Explains why it is unknown whether a key matches. `within`: for `not`, the rule that may match. */
export function noteUnknown (parsed: ParsedKey, peer: PeerIdentity, within: RuleExplanation | undefined): string {
  const { key } = parsed
  if (key === 'not') {
    const claim = within?.failed.find(({ isClaim }) => isClaim)?.note
    return `too little is known to rule it out${claim === undefined ? '' : `; ${claim}`}`
  }
  if (key === 'authority') return 'the identity has no authority'
  if (isNotBelieved(parsed, peer)) return noteNotBelieved(parsed, peer)
  const flaw = key === 'qualified' || key === 'admission' ? flawOfClaim(peer, key) : undefined
  if (flaw !== undefined) return flaw
  return listFound(parsed, peer) === undefined
    ? 'the identity does not include it'
    : 'the certificate has a value of a form that cannot be compared'
}

/** The OIDs of a rule about extensions that the authority does not vouch for, although it does for others. */
function listNotBelieved (values: readonly unknown[], { believedExtensions }: PeerIdentity): readonly string[] {
  if (believedExtensions === undefined) return []
  return listExtensionOids(values).filter((oid) => !believedExtensions.includes(oid))
}

function noteNotBelieved ({ key, values }: ParsedKey, peer: PeerIdentity): string {
  const { authority, notBelieved } = peer
  const who = authority === undefined ? 'its authority' : `authority ${JSON.stringify(authority)}`
  const oids = key === 'extension' ? listNotBelieved(values, peer) : []
  if (oids.length > 0) return `not believed: ${who} does not vouch for extension ${listWords(oids.slice(0, MAX_FOUND))}`
  const kinds = READABLE_KINDS.filter((kind) => !notBelieved.includes(kind))
  return `not believed: ${who} vouches for ${kinds.length === 0 ? 'no names' : `${listWords(kinds)} only`}`
}
