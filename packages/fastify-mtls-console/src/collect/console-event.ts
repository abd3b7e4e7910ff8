/** The kind of an event. */
export type EventKind = 'denied'
  | 'would-deny'
  | 'forged'
  | 'ended'
  | 'handshake'
  | 'credentials'
  | 'revocation'
  | 'rules'
  | 'expiry'
  | 'outbound'
  | 'node'

/** Every kind, in the order of the page's filter. */
export const EVENT_KINDS: readonly EventKind[] = [
  'denied',
  'would-deny',
  'forged',
  'ended',
  'handshake',
  'credentials',
  'revocation',
  'rules',
  'expiry',
  'outbound',
  'node'
]

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
