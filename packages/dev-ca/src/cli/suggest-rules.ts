import type { PeerIdentity } from '@peerkit/identity'
import { compileRules } from '@peerkit/rules'
import type { AllowRule } from '@peerkit/rules'

export interface SuggestedRule {
  readonly rule: AllowRule
  /** Whom it lets in besides. */
  readonly note: string
}

/** Ready-made rules that match a certificate, the most exact first; every one has been compiled and asked. */
export function suggestRules (peer: PeerIdentity): SuggestedRule[] {
  const names = peer.subjectAltNames
  const issuer = peer.issuer === undefined || peer.issuer.rdns.length === 0 ? {} : { issuer: String(peer.issuer) }
  const found: Array<SuggestedRule | undefined> = [
    { rule: { fingerprint: peer.fingerprint256 ?? '' }, note: 'this certificate alone: its renewal needs a new rule' },
    { rule: { publicKey: peer.publicKey256 ?? '' }, note: 'every certificate of this key' },
    peer.spiffeId === undefined ? undefined : { rule: { spiffe: peer.spiffeId }, note: 'this workload, whatever its certificate' },
    ...(names?.uri ?? []).filter((uri) => uri !== peer.spiffeId).map((uri) => ({ rule: { uri, ...issuer }, note: 'this URI, of this CA' })),
    ...(names?.dns ?? []).map((dns) => ({ rule: { dns, ...issuer }, note: 'this DNS name, of this CA' })),
    ...(names?.email ?? []).map((email) => ({ rule: { email, ...issuer }, note: 'this address, of this CA' })),
    ...(names?.ip ?? []).map((ip) => ({ rule: { ip, ...issuer }, note: 'this IP address, of this CA' })),
    peer.subject?.commonName === undefined ? undefined : { rule: { cn: peer.subject.commonName, ...issuer }, note: 'this common name, of this CA' },
    peer.subject?.organizationalUnit === undefined ? undefined : { rule: { ou: peer.subject.organizationalUnit, ...issuer }, note: 'the whole unit, of this CA' }
  ]
  return found.filter((suggested) => suggested !== undefined).filter(({ rule }) => isMatch(rule, peer))
}

/** What a certificate holds need not be what a rule may ask for: a control character, a name that is too long. */
function isMatch (rule: AllowRule, peer: PeerIdentity): boolean {
  try {
    const verdict = compileRules([rule]).authorize(peer)
    return 'allowed' in verdict && verdict.allowed
  } catch {
    return false
  }
}
