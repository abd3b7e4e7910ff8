import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ClientBook } from './client-book.ts'
import type { EventKind, Tone } from './console-event.ts'
import { describeCall, draftChange, draftEnded, draftHandshake, draftJudged, draftOutbound } from './draft-events.ts'
import { EventLog } from './event-log.ts'
import type { ChangeMessage, EndedMessage, HandshakeMessage, IdentifiedMessage, JudgedMessage, Message, OutboundMessage } from './messages.ts'
import { ServerBook } from './server-book.ts'

export interface CollectorOptions {
  /** Entries of each shelf of the log. */
  readonly events: number
  /** Clients remembered. */
  readonly clients: number
  /** Tells the console's own routes, whose readers are no clients of the service. */
  isOwnRoute (route: string | undefined): boolean
}

const MAX_SERVERS = 100
const MAX_REASONS = 50

const CHANGES: ReadonlyArray<readonly [channel: string, kind: EventKind, tone: Tone, title: string]> = [
  ['peerkit:credentials:rotated', 'credentials', 'good', 'New credentials in force'],
  ['peerkit:credentials:refused', 'credentials', 'bad', 'New credentials refused, the old ones stay'],
  ['peerkit:credentials:waiting', 'credentials', 'info', 'New credentials are not whole yet'],
  ['peerkit:credentials:warned', 'credentials', 'warn', 'Credentials need a look'],
  ['peerkit:revocation:refreshed', 'revocation', 'good', 'Revocation status refreshed'],
  ['peerkit:revocation:failed', 'revocation', 'bad', 'Revocation status could not be refreshed'],
  ['peerkit:revocation:soft-passed', 'revocation', 'warn', 'Certificate passed without its revocation status (soft policy)'],
  ['peerkit:rules:reloaded', 'rules', 'good', 'Rules reloaded'],
  ['peerkit:rules:refused', 'rules', 'bad', 'New rules refused, the old ones stay']
]

/** Hears the diagnostics channels of the process and remembers what an operator asks for, in bounded space. */
export class Collector {
  readonly log: EventLog
  readonly clients: ClientBook
  readonly servers: ServerBook = new ServerBook(MAX_SERVERS)
  readonly #handshakes = new Map<string, number>()
  #misunderstood = 0
  readonly #listeners: ReadonlyArray<readonly [string, (message: unknown) => void]>

  constructor ({ events, clients, isOwnRoute }: CollectorOptions) {
    this.log = new EventLog(events)
    this.clients = new ClientBook(clients)
    this.#listeners = [
      this.#listen<IdentifiedMessage>('peerkit:connection:identified', ({ peer, time, remoteAddress }) => { this.clients.connected(peer, time, remoteAddress) }),
      this.#listen<JudgedMessage>('peerkit:request:allowed', ({ peer, time, route, remoteAddress }) => { if (peer !== null && !isOwnRoute(route)) this.clients.allowed(peer, time, remoteAddress) }),
      this.#listen<JudgedMessage>('peerkit:request:denied', (message) => { this.#judged(message, 'enforce') }),
      this.#listen<JudgedMessage>('peerkit:request:would-deny', (message) => { this.#judged(message, 'report') }),
      this.#listen<HandshakeMessage>('peerkit:handshake:refused', (message) => { this.#handshake(message) }),
      this.#listen<EndedMessage>('peerkit:connection:ended', (message) => { this.log.add(draftEnded('ended', message)) }),
      this.#listen<EndedMessage>('peerkit:forwarded:refused', (message) => { this.log.add(draftEnded('forged', message)) }),
      this.#listen<OutboundMessage>('peerkit:outbound:identified', ({ origin, time, server }) => { if (server !== undefined) this.servers.identified(origin, time, server) }),
      this.#listen<OutboundMessage>('peerkit:outbound:refused', (message) => { this.#outboundRefused(message) }),
      ...CHANGES.map(([name, kind, tone, title]) => this.#listen<ChangeMessage>(name, (message) => { this.log.add(draftChange(kind, tone, title, message)) }))
    ]
    for (const [name, listener] of this.#listeners) subscribe(name, listener)
  }

  /** How many handshakes were refused since the start, by reason. */
  get handshakes (): Readonly<Record<string, number>> { return Object.fromEntries(this.#handshakes) }

  /** Messages of another version, or damaged ones. */
  get misunderstood (): number { return this.#misunderstood }

  close (): void {
    for (const [name, listener] of this.#listeners) unsubscribe(name, listener)
  }

  #judged (message: JudgedMessage, mode: 'enforce' | 'report'): void {
    this.log.add(draftJudged(message, mode))
    const { peer, time, remoteAddress, reason } = message
    if (peer !== null) this.clients.denied(peer, time, remoteAddress, mode, { what: describeCall(message), reason })
  }

  #handshake (message: HandshakeMessage): void {
    const { reason } = message
    if (this.#handshakes.has(reason) || this.#handshakes.size < MAX_REASONS) this.#handshakes.set(reason, (this.#handshakes.get(reason) ?? 0) + 1)
    this.log.add(draftHandshake(message))
  }

  #outboundRefused (message: OutboundMessage): void {
    const { origin, time, code, reason } = message
    const draft = draftOutbound(message)
    this.log.add(draft)
    this.servers.refused(origin, { time, code, reason, message: draft.detail.at(-1) })
  }

  /** Hears the messages of the version that is known here. What a listener throws, Node throws at the process: a message that is not what it should be is counted instead. */
  #listen<T extends Message> (name: string, take: (message: T) => void): readonly [string, (message: unknown) => void] {
    return [name, (message) => {
      try {
        if ((message as Partial<Message> | null)?.v === 1) take(message as T)
        else this.#misunderstood++
      } catch {
        this.#misunderstood++
      }
    }]
  }
}
