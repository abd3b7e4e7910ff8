import type { EventKind } from '../collect/console-event.ts'
import type { Outcome } from '../facts/listed-route.ts'

export const KIND_NAMES: Readonly<Record<EventKind, string>> = {
  denied: 'Denied requests',
  'would-deny': 'Would be denied',
  forged: 'Forwarded certificates refused',
  ended: 'Connections ended',
  handshake: 'Handshakes refused',
  credentials: 'Own credentials',
  revocation: 'Revocation',
  rules: 'Rules',
  outbound: 'Outbound calls refused'
}

/** Never by colour alone. */
export const OUTCOMES: Readonly<Record<Outcome, { readonly sign: string, readonly word: string, readonly tone: string }>> = {
  allowed: { sign: '✓', word: 'allowed', tone: 'good' },
  denied: { sign: '✕', word: 'denied', tone: 'bad' },
  reported: { sign: '!', word: 'let through, reported', tone: 'warn' },
  depends: { sign: '?', word: 'a function decides', tone: 'info' }
}

const REASONS: Readonly<Record<string, string>> = {
  no_identity: 'The request came without a certificate.',
  no_match: 'The certificate is accepted, but no rule of this route means it. The closest rule says what differs.',
  incomplete_identity: 'A gateway passed on too little of the certificate to tell.',
  predicate_refused: 'No rule matched, and the function that was asked said no.',
  predicate_failed: 'The function that was asked threw. That is a bug of the service; its log has the stack.',
  no_rule: 'Nothing says who may call this route, so it is closed. Give it rules.',
  rules_changed: 'Reloaded rules no longer allow this client, whose WebSocket was open.',
  no_certificate: 'The client sent no certificate. Is one configured there?',
  unknown_ca: 'The certificate leads to no CA in force. Another CA, a removed one, or an intermediate that the client did not send.',
  expired: 'The certificate, or a CA above it, has ended. The client must renew it.',
  not_yet_valid: 'The certificate is not valid yet. Compare the clocks.',
  revoked: 'The certificate is revoked. The client needs a new one.',
  revocation_unknown: 'No CRL or responder could say whether the certificate still counts, and the policy is hard.',
  wrong_purpose: 'The certificate is not made for clients: its extended key usage lacks clientAuth.',
  ca_as_leaf: 'A CA certificate was presented as a client.',
  bad_chain: 'A link of the chain is no CA, is too deep, or breaks a constraint.',
  unreadable: 'The certificate is not what RFC 5280 allows.',
  resumption_refused: 'A session was resumed whose chain is not known here. A new handshake settles it.',
  ca_removed: 'The CA of the certificate was removed while the connection was open.',
  timeout: 'The handshake, or the answer on revocation, did not come in time.',
  protocol: 'The handshake broke off: a port scan, a health check without TLS, or no common protocol version.'
}

/** What a reason means and what to do; undefined for one that is not known here. */
export function explainReason (reason: string | undefined): string | undefined {
  return reason !== undefined && Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined
}
