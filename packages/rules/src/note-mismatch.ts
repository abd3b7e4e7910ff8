import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from './list-alt-names.ts'
import type { ParsedKey } from './parsed-rule.ts'

/** The values that are searched for a near miss. */
const MAX_VALUES = 1000

/** Explains the probable mistake if a key did not match. */
export function noteMismatch (
  { key, values }: ParsedKey, found: readonly string[], peer: PeerIdentity
): string | undefined {
  const texts = values.slice(0, MAX_VALUES).filter((value) => typeof value === 'string')
  if (key === 'spiffe') return noteSpiffe(found, peer)
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

function noteSpiffe (found: readonly string[], peer: PeerIdentity): string | undefined {
  if (found.length > 0) return undefined
  // Also URI names that are not believed tell what is wrong with the certificate.
  const uris = listAltNames(claimsOf(peer), 'uri') ?? []
  if (uris.length === 0) return 'the certificate has no URI name'
  if (uris.length > 1) return `the certificate has ${uris.length} URI names; an X.509-SVID has exactly one`
  if (uris[0]?.startsWith('spiffe:') !== true) return 'the URI name is not a SPIFFE ID'
  return 'the certificate is not a valid X.509-SVID: it is a CA, or its SPIFFE ID is malformed'
}
