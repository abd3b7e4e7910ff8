import { listen } from '@peerkit/events'
import type {
  CredentialsRefusedMessage, EventListeners, EventMessages, HandshakeRefusedMessage, OutboundRefusedMessage,
  RequestJudgedMessage, RevocationFailedMessage, RevocationRefreshedMessage, SummarizedName
} from '@peerkit/events'
import { iso } from '@peerkit/identity/internal'
import { ClientBook } from './client-book.ts'
import type { EventDraft } from './event-log.ts'
import {
  describeCall, draftEnded, draftEvent, draftForwarded, draftHandshake, draftOutbound, draftRequest
} from './draft-events.ts'
import type { Fact, RemovedCaOf } from './draft-events.ts'
import { EventLog } from './event-log.ts'
import { ServerBook } from './server-book.ts'

export interface CollectorOptions {
  /** Entries of each part of the log. */
  readonly events: number
  /** Remembered clients. */
  readonly clients: number
  /** Whether a route belongs to the console. Its readers are not counted as clients. */
  isOwnRoute (route: string | undefined): boolean
  /** The HTTP server of the app. Messages of other apps in the process are left out. */
  readonly server: object
  /** Finds the removed CA of a refused certificate. */
  readonly removedCaOf: RemovedCaOf
}

const MAX_SERVERS = 100
const MAX_REASONS = 50

/** Listens to the diagnostics messages of one app and remembers what the pages show, in bounded memory. */
export class Collector {
  readonly log: EventLog
  readonly clients: ClientBook
  readonly servers: ServerBook = new ServerBook(MAX_SERVERS)
  readonly #handshakes = new Map<string, number>()
  readonly #stop: () => void
  readonly #removedCaOf: RemovedCaOf
  #misunderstood = 0

  constructor ({ events, clients, isOwnRoute, server, removedCaOf }: CollectorOptions) {
    this.#removedCaOf = removedCaOf
    this.log = new EventLog(events)
    this.clients = new ClientBook(clients)
    this.#stop = listen({
      'peerkit:connection:identified': ({ peer, time, remoteAddress, serverAuthOnlyUntil }) => {
        this.clients.connected(peer, time, remoteAddress, serverAuthOnlyUntil)
      },
      'peerkit:request:allowed': ({ peer, time, route, remoteAddress }) => {
        if (peer !== null && !isOwnRoute(route)) this.clients.allowed(peer, time, remoteAddress)
      },
      'peerkit:request:denied': (message, name) => { this.#denied(name, message) },
      'peerkit:request:would-deny': (message, name) => { this.#denied(name, message) },
      'peerkit:handshake:refused': (message) => { this.#handshake(message) },
      'peerkit:connection:ended': (message) => { this.log.add(draftEnded(message, this.#removedCaOf)) },
      'peerkit:forwarded:refused': (message, name) => { this.log.add(draftForwarded(name, message)) },
      'peerkit:forwarded:stripped': (message, name) => { this.log.add(draftForwarded(name, message)) },
      'peerkit:outbound:identified': ({ origin, time, server }) => { this.servers.identified(origin, time, server) },
      'peerkit:outbound:refused': (message) => { this.#outboundRefused(message) },
      ...changeListeners((draft) => { this.log.add(draft) })
    }, { onError: () => { this.#misunderstood++ }, server })
  }

  /** The number of refused handshakes since the start, by reason. */
  get handshakes (): Readonly<Record<string, number>> { return Object.fromEntries(this.#handshakes) }

  /** The number of messages of another version, or damaged ones. */
  get misunderstood (): number { return this.#misunderstood }

  close (): void { this.#stop() }

  #denied (name: 'peerkit:request:denied' | 'peerkit:request:would-deny', message: RequestJudgedMessage): void {
    this.log.add(draftRequest(name, message))
    const mode = name === 'peerkit:request:denied' ? 'enforce' : 'report-only'
    const { peer, time, remoteAddress, reason } = message
    if (peer !== null) this.clients.denied(peer, time, remoteAddress, mode, { what: describeCall(message), reason })
  }

  #handshake (message: HandshakeRefusedMessage): void {
    const { reason } = message
    if (this.#handshakes.has(reason) || this.#handshakes.size < MAX_REASONS) {
      this.#handshakes.set(reason, (this.#handshakes.get(reason) ?? 0) + 1)
    }
    this.log.add(draftHandshake(message, this.#removedCaOf))
  }

  #outboundRefused (message: OutboundRefusedMessage): void {
    const { origin, time, code, reason } = message
    const draft = draftOutbound(message)
    this.log.add(draft)
    this.servers.refused(origin, { time, code, reason, message: draft.detail.at(-1) })
  }
}

/** The changes of the service itself: all events that have no listener of their own above. */
type ChangeName = Exclude<
  SummarizedName,
  `peerkit:${'request' | 'connection' | 'forwarded' | 'outbound'}:${string}` | 'peerkit:handshake:refused'
>

/** What is shown of each change, a line each. */
const FACTS: { readonly [Name in ChangeName]: (message: EventMessages[Name]) => readonly Fact[] } = {
  'peerkit:handshake:chain-unavailable': ({ node }) => [['Node', node]],
  'peerkit:credentials:rotated': ({ identity, generation, trustChanged, from, warnings }) => [
    ['identity', identity],
    ['issuer', from],
    ['generation', generation],
    ['trust', trustChanged ? 'changed' : 'unchanged'],
    ...warnings.slice(0, 5).map((warning) => ['warning', warning] as const)
  ],
  'peerkit:credentials:refused': factsOfRefused,
  'peerkit:credentials:recovered': ({ authority, from, generation }) => [
    ['authority', authority], ['issuer', from], ['generation', generation]
  ],
  'peerkit:credentials:waiting': factsOfRefused,
  'peerkit:credentials:warned': ({ generation }) => [['generation', generation]],
  'peerkit:revocation:refreshed': factsOfRevocation,
  'peerkit:revocation:failed': (message) => [...factsOfRevocation(message), ['code', message.code]],
  'peerkit:revocation:soft-passed': ({ issuer, serialNumber, fingerprint256 }) => [
    ['issuer', issuer], ['serial number', serialNumber], ['SHA-256', fingerprint256]
  ],
  'peerkit:rules:reloaded': ({ file, generation, added = [], removed = [], addedCount = 0, removedCount = 0 }) => [
    ['file', file],
    ['generation', generation],
    ...listRules('came', added, addedCount),
    ...listRules('went', removed, removedCount)
  ],
  'peerkit:rules:refused': ({ file, generation }) => [['file', file], ['generation', generation]],
  'peerkit:expiry:soon': ({ what, name, notAfter, threshold }) => [
    [what, name], ['expires', iso(notAfter)], ['threshold', threshold]
  ]
}

/** The rules that are shown of each change. */
const MAX_RULES = 10

/** The rules that came or went, a line each. */
function listRules (word: string, rules: readonly string[], count: number): readonly Fact[] {
  const shown = rules.slice(0, MAX_RULES).map((rule): Fact => [word, rule])
  return count > shown.length ? [...shown, [word, `${count - shown.length} more rules`]] : shown
}

/** Listens to changes of the service itself. */
function changeListeners (add: (draft: EventDraft) => void): EventListeners {
  return Object.fromEntries(Object.keys(FACTS).map((each) => {
    const name = each as ChangeName
    const facts = FACTS[name] as (message: EventMessages[typeof name]) => readonly Fact[]
    return [name, (message: EventMessages[typeof name]) => {
      const draft = draftEvent(kindOf(name), name, message, facts(message))
      // The own certificate is no client.
      const nobody = { peer: undefined, fingerprint256: undefined, issuer: undefined, chain: undefined }
      add({ ...draft, ...nobody, source: draft.title })
    }]
  }))
}

type SecondWord<Name> = Name extends `peerkit:${infer Word}:${string}` ? Word : never

/** The second word of the channel. The compiler finds a word that is no kind. */
function kindOf (name: ChangeName): EventDraft['kind'] {
  const word = name.split(':')[1] as SecondWord<ChangeName>
  return word === 'handshake' ? 'node' : word
}

function factsOfRefused ({ code, authority, from, generation }: CredentialsRefusedMessage): readonly Fact[] {
  return [['authority', authority], ['issuer', from], ['generation in force', generation], ['code', code]]
}

function factsOfRevocation (
  { source, url, issuer, serialNumber }: RevocationRefreshedMessage | RevocationFailedMessage
): readonly Fact[] {
  return [['source', source], ['url', url], ['issuer', issuer], ['serial number', serialNumber]]
}
