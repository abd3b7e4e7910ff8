import type { PeerIdentity } from '@peerkit/identity'
import { KIND_OF_KEY, READABLE_KINDS } from './claim-kinds.ts'
import type { RuleExplanation } from './explanation.ts'
import { listWords } from './list-words.ts'
import type { RuleKey } from './rule-keys.ts'

/** Whether a key is unknown because the authority does not vouch for names of its kind. */
export function isNotBelieved (key: RuleKey, peer: PeerIdentity): boolean {
  const { notBelieved } = peer
  const kind = KIND_OF_KEY.get(key)
  if (kind === undefined) return false
  if (notBelieved.includes(kind)) return true
  // A SPIFFE ID that is not believed makes the whole list of URI names unknown.
  return kind === 'uri' && notBelieved.includes('spiffe') && peer.subjectAltNames?.unknown.includes('uri') === true
}

/** Explains why it is unknown whether a key matches. `within`: for `not`, the rule that may match. */
export function noteUnknown (key: RuleKey, peer: PeerIdentity, within: RuleExplanation | undefined): string {
  if (key === 'not') {
    const claim = within?.failed.find(({ isClaim }) => isClaim)?.note
    return `too little is known to rule it out${claim === undefined ? '' : `; ${claim}`}`
  }
  if (key === 'authority') return 'the identity has no authority'
  return isNotBelieved(key, peer) ? noteNotBelieved(peer) : 'the identity does not include it'
}

function noteNotBelieved ({ authority, notBelieved }: PeerIdentity): string {
  const who = authority === undefined ? 'its authority' : `authority ${JSON.stringify(authority)}`
  const kinds = READABLE_KINDS.filter((kind) => !notBelieved.includes(kind))
  return `not believed: ${who} vouches for ${kinds.length === 0 ? 'no names' : `${listWords(kinds)} only`}`
}
