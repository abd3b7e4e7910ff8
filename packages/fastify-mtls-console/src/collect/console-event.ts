/** The parts of the log. Each has its own capacity, so that events of one kind do not remove those of another. */
export type LogPart = 'strangers' | 'clients' | 'changes'

/** Every kind of events, in the order of the page's filter: its part of the log, and its name on the page. */
const KINDS = {
  denied: { part: 'clients', name: 'Denied requests' },
  'would-deny': { part: 'clients', name: 'Would be denied' },
  forged: { part: 'clients', name: 'Forwarded certificates refused' },
  ended: { part: 'clients', name: 'Connections closed' },
  handshake: { part: 'strangers', name: 'Handshakes refused' },
  credentials: { part: 'changes', name: 'Own credentials' },
  revocation: { part: 'changes', name: 'Revocation' },
  rules: { part: 'changes', name: 'Rules' },
  expiry: { part: 'changes', name: 'Expires soon' },
  outbound: { part: 'changes', name: 'Outbound calls failed' },
  node: { part: 'changes', name: 'Node version' }
} as const

/** The kind of an event. */
export type EventKind = keyof typeof KINDS

export const EVENT_KINDS: Readonly<Record<EventKind, { readonly part: LogPart, readonly name: string }>> = KINDS

/** The severity: `good` for success, `bad` for a refusal. */
export type Tone = 'good' | 'info' | 'warn' | 'bad'

/** An entry of the log. Texts are clipped. No certificate and no header is kept. */
export interface ConsoleEvent {
  /** A number that increases with each event. */
  readonly id: number
  readonly kind: EventKind
  readonly tone: Tone
  /** Milliseconds since the epoch. Equal events of one minute are one event with a count. */
  readonly first: number
  readonly last: number
  readonly count: number
  /** A short description. */
  readonly title: string
  readonly reason: string | undefined
  /** What the reason means and what to do, if known. */
  readonly hint: string | undefined
  readonly peer: string | undefined
  readonly fingerprint256: string | undefined
  /** The issuer that the certificate names. */
  readonly issuer: string | undefined
  readonly remoteAddress: string | undefined
  readonly requestId: string | undefined
  /** The explanation, a line each. */
  readonly detail: readonly string[]
}

/** An event before it is in the log. */
export interface EventDraft extends Omit<ConsoleEvent, 'id' | 'first' | 'last' | 'count'> {
  readonly time: number
  /** The source that it is counted for: a verified client, otherwise an address. */
  readonly source: string
}
