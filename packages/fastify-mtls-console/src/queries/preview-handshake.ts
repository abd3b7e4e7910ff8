import { checkersOf } from '@peerkit/credentials'
import { viewDer } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { CertificateReason, CertificateStep, RefusalDetail } from '@peerkit/events'
import type { Accepted, Decision, Refused } from '@peerkit/trust'
import { explainConnection } from '../collect/explain-refusal.ts'
import type { ConsoleState } from './console-state.ts'
import { listClaims } from './list-claims.ts'
import { hasNamedAuthorities } from './named-authorities.ts'

/** A check of the handshake. */
export interface Check {
  readonly name: CheckName
  /** Undefined if the certificate was refused before this check was complete. */
  readonly holds: boolean | undefined
  readonly note: string
}

type HandshakeState = Pick<ConsoleState, 'handshakes' | 'credentials' | 'revocation'>

type CheckName = 'Time' | 'Issuer' | 'Use' | 'Names' | 'Other rules' | 'Revocation'

export interface HandshakeForecast {
  readonly accepted: boolean
  /** For a refusal: its reason, as in the log. */
  readonly reason: CertificateReason | undefined
  /** For a refusal: the certificate and the step. */
  readonly detail: RefusalDetail | undefined
  /** For a refusal: what to do. */
  readonly hint: string | undefined
  /** The authority that accepts the certificate. */
  readonly authority: string | undefined
  /** For a certificate with only serverAuth: until when its authority accepts it, in milliseconds since the epoch. */
  readonly acceptedUntil: number | undefined
  readonly checks: readonly Check[]
}

/** In the order of the page. Revocation is checked last. */
const NAMES: readonly CheckName[] = ['Time', 'Issuer', 'Use', 'Names', 'Other rules', 'Revocation']

const CHECK_OF: Readonly<Partial<Record<CertificateStep, CheckName>>> = {
  expired: 'Time',
  not_yet_valid: 'Time',
  unknown_ca: 'Issuer',
  signature_invalid: 'Issuer',
  anchors_invalid: 'Issuer',
  wrong_purpose: 'Use',
  ca_as_leaf: 'Use',
  outside_authority: 'Names',
  revoked: 'Revocation',
  revocation_unknown: 'Revocation'
}

export interface HandshakePreview {
  readonly forecast: HandshakeForecast
  /** For an accepted certificate: the identity that rules see. */
  readonly peer: PeerIdentity | undefined
}

/**
 * Verifies a certificate as a handshake does. A real handshake also needs OpenSSL to accept it, and the client to have
 * the key.
 *
 * @param sent the other pasted certificates
 */
export async function previewHandshake (
  leaf: PeerIdentity, sent: readonly PeerIdentity[], { handshakes, credentials, revocation }: HandshakeState
): Promise<HandshakePreview> {
  const decision: Decision = await handshakes.evaluate(derOf(leaf), { sent: sent.map(derOf) })
  if (!decision.accepted) return { forecast: describeRefused(decision), peer: undefined }
  const { peer, authority, serverAuthOnly } = decision
  const { current } = credentials
  const settings = current.authorities.find(({ name }) => name === authority)
  const acceptedUntil = serverAuthOnly ? settings?.serverAuthOnlyUntil : undefined
  const isChecked = revocation !== undefined || (settings !== undefined && checkersOf(settings).length > 0)
  const checks = describeAccepted(decision, { isChecked, isNamed: hasNamedAuthorities(current), acceptedUntil })
  const unrefused = { accepted: true, reason: undefined, detail: undefined, hint: undefined }
  return { forecast: { ...unrefused, authority, acceptedUntil, checks }, peer }
}

function derOf (certificate: PeerIdentity): Uint8Array {
  // Pasted certificates were parsed from DER.
  return viewDer(certificate) as Uint8Array
}

interface Circumstances {
  /** Whether revocation is checked. */
  readonly isChecked: boolean
  /** Whether authorities are shown. */
  readonly isNamed: boolean
  readonly acceptedUntil: number | undefined
}

function describeAccepted (decision: Accepted, { isChecked, isNamed, acceptedUntil }: Circumstances): readonly Check[] {
  const { peer, authority, notAfter } = decision
  const notes: Readonly<Record<CheckName, string>> = {
    Time: `the whole path is valid now and until ${describeEnd(notAfter)}`,
    Issuer: `leads to ${String(peer.chain?.at(-1))}${isNamed ? `, a CA of authority "${authority}"` : ''}`,
    Use: acceptedUntil === undefined
      ? 'allowed for clients'
      : `only serverAuth, which authority "${authority}" accepts until ${describeEnd(acceptedUntil)}`,
    Names: describeNamesOf(peer, isNamed),
    'Other rules': 'satisfies RFC 5280',
    Revocation: isChecked
      ? 'not revoked, or accepted by the soft policy'
      : 'not checked: there are no CRLs and no checker'
  }
  return NAMES.map((name) => ({ name, holds: true, note: notes[name] }))
}

/** Claims that the authority does not vouch for are no reason to refuse, but rules on them do not match. */
function describeNamesOf (peer: PeerIdentity, isNamed: boolean): string {
  if (!isNamed) return 'any name is allowed'
  const claims = listClaims(peer)
  const within = `within what authority "${peer.authority ?? 'default'}" vouches for`
  return claims.length === 0 ? within : `${within}; claimed and not believed: ${claims.join(', ')}`
}

function describeRefused ({ reason, detail }: Refused): HandshakeForecast {
  const failed = CHECK_OF[detail.step as CertificateStep] ?? 'Other rules'
  const others = failed === 'Revocation'
    ? { holds: true, note: 'holds' }
    : { holds: undefined, note: 'not checked: another check failed before' }
  const checks = NAMES.map((name): Check =>
    name === failed ? { name, holds: false, note: detail.message } : { name, ...others })
  const hint = explainConnection(reason, undefined, detail)
  return { accepted: false, reason, detail, hint, authority: undefined, acceptedUntil: undefined, checks }
}

function describeEnd (time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? 'a year out of range' : date.toISOString()
}
