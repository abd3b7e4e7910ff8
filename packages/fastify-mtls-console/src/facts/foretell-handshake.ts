import { listCheckers } from '@peerkit/credentials'
import { viewDer } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { CertificateReason, RefusalDetail } from '@peerkit/events'
import type { Accepted, Decision, PathRefusalReason, Refused } from '@peerkit/trust'
import { explainConnection } from '../collect/explain-refusal.ts'
import type { ConsoleState } from './console-state.ts'

/** One thing that the handshake looks at. */
export interface Check {
  readonly name: CheckName
  /** Undefined where the refusal came before this was looked at on the whole path. */
  readonly holds: boolean | undefined
  readonly note: string
}

type HandshakeState = Pick<ConsoleState, 'handshakes' | 'credentials' | 'revocation'>

type CheckName = 'Time' | 'Issuer' | 'Use' | 'Other rules' | 'Revocation'

export interface HandshakeForecast {
  readonly accepted: boolean
  /** Of a refusal, the word that the log has for it. */
  readonly reason: CertificateReason | undefined
  /** Of a refusal, which certificate and which step. */
  readonly detail: RefusalDetail | undefined
  /** Of a refusal, what to do. */
  readonly hint: string | undefined
  readonly checks: readonly Check[]
}

/** In the order in which they are told. Revocation is asked last. */
const NAMES: readonly CheckName[] = ['Time', 'Issuer', 'Use', 'Other rules', 'Revocation']

const CHECK_OF: Readonly<Partial<Record<PathRefusalReason, CheckName>>> = {
  expired: 'Time',
  not_yet_valid: 'Time',
  issuer_unknown: 'Issuer',
  signature_invalid: 'Issuer',
  anchors_invalid: 'Issuer',
  purpose: 'Use',
  ca_as_leaf: 'Use',
  revoked: 'Revocation',
  revocation_unknown: 'Revocation'
}

/**
 * What a handshake says to a certificate, by the check of the handshake itself. OpenSSL has to agree, and the client
 * has to hold the key.
 *
 * @param sent what was pasted beside the leaf
 */
export async function foretellHandshake (
  leaf: PeerIdentity, sent: readonly PeerIdentity[], { handshakes, credentials, revocation }: HandshakeState
): Promise<HandshakeForecast> {
  const decision: Decision = await handshakes.evaluate(derOf(leaf), { sent: sent.map(derOf) })
  if (!decision.accepted) return describeRefused(decision)
  const isChecked = revocation !== undefined || listCheckers(credentials.current, 'clients').length > 0
  const checks = describeAccepted(decision, isChecked)
  return { accepted: true, reason: undefined, detail: undefined, hint: undefined, checks }
}

function derOf (certificate: PeerIdentity): Uint8Array {
  // What was pasted was parsed from its bytes.
  return viewDer(certificate) as Uint8Array
}

function describeAccepted ({ peer, notAfter }: Accepted, isChecked: boolean): readonly Check[] {
  const notes: Readonly<Record<CheckName, string>> = {
    Time: `the whole path is valid now, and until ${describeEnd(notAfter)}`,
    Issuer: `leads to ${String(peer.chain?.at(-1))}`,
    Use: 'may be used by clients',
    'Other rules': 'satisfies RFC 5280',
    Revocation: isChecked
      ? 'not revoked, or the policy lets it pass'
      : 'nothing is asked: there are no CRLs and no checker'
  }
  return NAMES.map((name) => ({ name, holds: true, note: notes[name] }))
}

function describeRefused ({ reason, detail }: Refused): HandshakeForecast {
  const failed = CHECK_OF[detail.step as PathRefusalReason] ?? 'Other rules'
  const others = failed === 'Revocation'
    ? { holds: true, note: 'holds' }
    : { holds: undefined, note: 'not told: the check ended before' }
  const checks = NAMES.map((name): Check =>
    name === failed ? { name, holds: false, note: detail.message } : { name, ...others })
  return { accepted: false, reason, detail, hint: explainConnection(reason, undefined, detail), checks }
}

function describeEnd (time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? 'a year without a date' : date.toISOString()
}
