import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import { listNames } from './list-names.ts'

const MAX_CLAIMS = 20
const MAX_LENGTH = 500

/** The names that the authority does not vouch for: `subject CN=web`, `DNS a.internal`, `policy 1.2.3`. */
export function listClaims (identity: PeerIdentity): readonly string[] {
  if (identity.notBelieved.length === 0) return []
  const claims = claimsOf(identity)
  const [all, believed] = [listNames(claims), new Set(listNames(identity))]
  const subject = identity.subject === undefined ? claims.subject?.toString() ?? '' : ''
  const policies = identity.policies === undefined ? claims.policies ?? [] : []
  const found = [
    ...(subject === '' ? [] : [`subject ${subject}`]),
    ...all.filter((name) => !believed.has(name)),
    ...policies.map((policy) => `policy ${policy}`)
  ].map((text) => clip(text, MAX_LENGTH) as string)
  return found.length <= MAX_CLAIMS ? found : [...found.slice(0, MAX_CLAIMS), `and ${found.length - MAX_CLAIMS} more`]
}
