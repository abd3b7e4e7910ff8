/** What kind of thing happened. */
export type EventKind = 'denied' | 'would-deny' | 'forged' | 'ended' | 'handshake' | 'credentials' | 'revocation' | 'rules' | 'expiry' | 'outbound' | 'node'

/** Every kind, in the order of the page's filter. */
export const EVENT_KINDS: readonly EventKind[] = ['denied', 'would-deny', 'forged', 'ended', 'handshake', 'credentials', 'revocation', 'rules', 'expiry', 'outbound', 'node']

/** `good` for what went well, `bad` for what was refused. */
export type Tone = 'good' | 'info' | 'warn' | 'bad'

/** One line of the log. Texts are clipped; no certificate and no header is kept. */
export interface ConsoleEvent {
  /** Counts up; newer events have higher numbers. */
  readonly id: number
  readonly kind: EventKind
  readonly tone: Tone
  /** Milliseconds since the epoch. Equal events of one minute are one event with a count. */
  readonly first: number
  readonly last: number
  readonly count: number
  /** What happened, in a few words. */
  readonly title: string
  readonly reason: string | undefined
  /** What the reason means and what to do, where that is known. */
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

/** An event before it is filed. */
export interface EventDraft extends Omit<ConsoleEvent, 'id' | 'first' | 'last' | 'count'> {
  readonly time: number
  /** Whose share of the log it counts against: an identity that was proved, or else an address. */
  readonly source: string
}
