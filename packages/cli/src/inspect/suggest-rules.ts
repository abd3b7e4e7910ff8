import { PSP_ROLES, limitPeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { compileRules, listPeerValues } from '@peerkit/rules'
import type { AllowRule, PaymentRole } from '@peerkit/rules'
import { shown } from '../output.ts'

export interface SuggestedRule {
  readonly rule: AllowRule
  /** Which other certificates it allows. */
  readonly note: string
}

/** The placeholder for an authority that was not given. A rule with it matches no client. */
export const PLACEHOLDER = 'YOUR-AUTHORITY'

/** Why rules on names have a key `authority` and not `issuer`. */
export const WHY_AUTHORITY = 'authority, not issuer: an intermediate of any trusted CA can have the name of an issuer'

const FILL = `replace ${PLACEHOLDER} by the authority (--authority NAME does this); ` +
  'with only one authority, "authority" can be omitted'

/**
 * Suggests rules that match a certificate, the most specific first. Each was compiled and checked.
 *
 * @param authority the authority of the certificate, or {@link PLACEHOLDER}
 */
export function suggestRules (peer: PeerIdentity, authority: string): SuggestedRule[] {
  const names = peer.subjectAltNames
  const { commonName, organizationalUnit } = peer.subject ?? {}
  const uris = names?.uri.filter((uri) => uri !== peer.spiffeId)
  const found: SuggestedRule[] = [
    { rule: { fingerprint: peer.fingerprint256 ?? '' }, note: 'only this certificate: its renewal needs a new rule' },
    { rule: { publicKey: peer.publicKey256 ?? '' }, note: 'every certificate of this key' },
    ...asList(peer.spiffeId).map((spiffe) => ({ rule: { spiffe }, note: 'this workload, with any certificate' })),
    ...asList(uris).map((uri) => ({ rule: { uri, authority }, note: 'this URI, of this authority' })),
    ...asList(names?.dns).map((dns) => ({ rule: { dns, authority }, note: 'this DNS name, of this authority' })),
    ...asList(names?.email).map((email) => ({ rule: { email, authority }, note: 'this address, of this authority' })),
    ...asList(names?.ip).map((ip) => ({ rule: { ip, authority }, note: 'this IP address, of this authority' })),
    ...asList(listPeerValues(peer, 'upn')).map((upn) => {
      return { rule: { upn, authority }, note: 'this user, of this authority' }
    }),
    ...suggestClaims(peer).map((rule) => ({ rule: { ...rule, authority }, note: 'these claims, of this authority' })),
    ...asList(commonName).map((cn) => ({ rule: { cn, authority }, note: 'this common name, of this authority' })),
    ...asList(organizationalUnit).map((ou) => ({ rule: { ou, authority }, note: 'the whole unit, of this authority' }))
  ]
  const vouchedFor = limitPeerIdentity(peer, authority, [])
  return found.filter(({ rule }) => isMatch(rule, vouchedFor))
}

/** A payment service provider by its identifier and roles, and a profession by its registration number. */
function suggestClaims ({ qualified, admission, subject }: PeerIdentity): AllowRule[] {
  const { psd2 } = qualified ?? {}
  const [organizationIdentifier] = subject?.values('organizationIdentifier') ?? []
  const [first] = psd2?.roles ?? []
  const numbers = (admission ?? []).flatMap(({ registrationNumber }) => registrationNumber ?? [])
  return [
    ...(psd2 === undefined || first === undefined
      ? []
      : [{
          qualified: { psd2: { roles: nameOfRole(first), authority: psd2.authority } },
          ...(organizationIdentifier !== undefined && { subject: { organizationIdentifier } })
        }]),
    ...numbers.map((registrationNumber) => ({ admission: { registrationNumber } }))
  ]
}

function nameOfRole (oid: string): PaymentRole {
  const entry = Object.entries(PSP_ROLES).find(([, known]) => known === oid)
  return (entry?.[0] ?? oid) as PaymentRole
}

function asList (value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

/** A certificate may have values that a rule cannot have, such as control characters or very long names. */
function isMatch (rule: AllowRule, peer: PeerIdentity): boolean {
  try {
    const verdict = compileRules([rule]).authorize(peer)
    return 'allowed' in verdict && verdict.allowed
  } catch {
    return false
  }
}

/** The suggested rules as text. */
export function describeRules (peer: PeerIdentity, authority: string): string {
  const rules = suggestRules(peer, authority)
  const texts = rules.map(({ rule, note }) => `  ${shown(JSON.stringify(rule))}\n      ${note}\n`)
  if (!rules.some(({ rule }) => rule.authority !== undefined)) return texts.join('')
  return `${texts.join('')}  ${WHY_AUTHORITY}\n${authority === PLACEHOLDER ? `  ${FILL}\n` : ''}`
}
