import type { EventKind } from '../collect/console-event.ts'
import type { Outcome } from '../queries/listed-route.ts'

export const KIND_NAMES: Readonly<Record<EventKind, string>> = {
  denied: 'Denied requests',
  'would-deny': 'Would be denied',
  forged: 'Forwarded certificates refused',
  ended: 'Connections closed',
  handshake: 'Handshakes refused',
  credentials: 'Own credentials',
  revocation: 'Revocation',
  rules: 'Rules',
  expiry: 'Expires soon',
  outbound: 'Outbound calls failed',
  node: 'Node version'
}

/** A sign and a word, because color alone is not accessible. */
export const OUTCOMES: Readonly<Record<Outcome, {
  readonly sign: string
  readonly word: string
  readonly tone: string
}>> = {
  allowed: { sign: '✓', word: 'allowed', tone: 'good' },
  denied: { sign: '✕', word: 'denied', tone: 'bad' },
  reported: { sign: '!', word: 'allowed, reported', tone: 'warn' },
  'needs-request': { sign: '?', word: 'predicate decides', tone: 'info' }
}
