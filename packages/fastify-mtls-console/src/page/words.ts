import type { EventKind } from '../collect/console-event.ts'
import type { Outcome } from '../queries/listed-route.ts'

export const KIND_NAMES: Readonly<Record<EventKind, string>> = {
  denied: 'Denied requests',
  'would-deny': 'Would be denied',
  forged: 'Forwarded certificates not believed',
  ended: 'Connections ended',
  handshake: 'Handshakes refused',
  credentials: 'Own credentials',
  revocation: 'Revocation',
  rules: 'Rules',
  expiry: 'Ends soon',
  outbound: 'Outbound calls refused',
  node: 'Version of Node'
}

/** Never by colour alone. */
export const OUTCOMES: Readonly<Record<Outcome, { readonly sign: string, readonly word: string, readonly tone: string }>> = {
  allowed: { sign: '✓', word: 'allowed', tone: 'good' },
  denied: { sign: '✕', word: 'denied', tone: 'bad' },
  reported: { sign: '!', word: 'let through, reported', tone: 'warn' },
  'needs-request': { sign: '?', word: 'a function decides', tone: 'info' }
}
