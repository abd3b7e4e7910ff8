import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from './list-alt-names.ts'
import type { ParsedKey } from './parsed-rule.ts'

/** Beyond this many values the search for a near miss is left out. */
const MAX_VALUES = 1000

/** What is probably wrong with a key that did not match. */
export function noteMismatch ({ key, values }: ParsedKey, found: readonly string[], peer: PeerIdentity): string | undefined {
  const texts = values.slice(0, MAX_VALUES).filter((value) => typeof value === 'string')
  if (key === 'spiffe') return noteSpiffe(found, peer)
  if (key === 'via' && found.length === 0) return 'the peer came directly, not through a gateway'
  if (key === 'dns') {
    const name = peer.subject?.values('CN').find((name) => texts.some((text) => text.toLowerCase() === name.toLowerCase()))
    if (name !== undefined) return 'the common name has it, which is never read as a DNS name'
  }
  if (key === 'commonName' && found.length === 0) return 'the subject has no common name'
  const folded = new Set(found.map((text) => text.toLowerCase()))
  if (key !== 'dns' && texts.some((text) => folded.has(text.toLowerCase()))) return 'it differs in upper and lower case only'
  const trimmed = new Set(found.map((text) => text.trim()))
  if (texts.some((text) => trimmed.has(text.trim()))) return 'it differs in spaces at its ends only'
  return undefined
}

function noteSpiffe (found: readonly string[], peer: PeerIdentity): string | undefined {
  if (found.length > 0) return undefined
  // Other URI names may not be believed; what the certificate holds tells what is wrong with it all the same.
  const uris = listAltNames(claimsOf(peer), 'uri') ?? []
  if (uris.length === 0) return 'the certificate has no URI name'
  if (uris.length > 1) return `the certificate has ${uris.length} URI names, an X.509-SVID exactly one`
  return uris[0]?.startsWith('spiffe:') === true ? 'the certificate is no valid X.509-SVID: a CA, or a malformed SPIFFE ID' : 'the URI name is no SPIFFE ID'
}
