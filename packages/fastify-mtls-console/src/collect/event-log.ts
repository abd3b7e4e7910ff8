import type { RemovedCa } from '../trust/removed-ca.ts'

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
  /** The certificates above that of an accepted client, the trusted CA last. Undefined if they are not known. */
  readonly chain: readonly string[] | undefined
  /** If the certificate is refused because its CA is no longer trusted. */
  readonly removedCa: RemovedCa | undefined
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

/** The log, with a bounded number of entries. */
export class EventLog {
  readonly #parts: Readonly<Record<LogPart, BoundedEventLog>>
  #lastId = 0

  /** @param capacity entries of each of the three parts */
  constructor (capacity: number) {
    const nextId = (): number => ++this.#lastId
    this.#parts = {
      strangers: new BoundedEventLog(capacity, nextId),
      clients: new BoundedEventLog(capacity, nextId),
      changes: new BoundedEventLog(capacity, nextId)
    }
  }

  add (draft: EventDraft): void { this.#parts[EVENT_KINDS[draft.kind].part].add(draft) }

  /** How many entries were dropped. */
  get dropped (): number { return Object.values(this.#parts).reduce((sum, part) => sum + part.dropped, 0) }

  /** Newest first. */
  list (): ConsoleEvent[] {
    return Object.values(this.#parts).flatMap((part) => part.list()).sort((a, b) => b.last - a.last || b.id - a.id)
  }
}

interface Filed {
  readonly event: { -readonly [key in keyof ConsoleEvent]: ConsoleEvent[key] }
  readonly key: string
  readonly source: string
}

const MINUTE = 60_000

/**
 * A bounded part of the log. Equal events of a minute are one entry with a count. If it is full, the source with the
 * most entries loses its oldest one, so that one source cannot remove the events of others.
 */
class BoundedEventLog {
  readonly #capacity: number
  readonly #nextId: () => number
  readonly #entries = new Set<Filed>()
  readonly #eviction = new FairEviction<Filed>()
  /** The entries of the current minute. */
  readonly #open = new Map<string, Filed>()
  #minute = -1
  #dropped = 0

  constructor (capacity: number, nextId: () => number) {
    this.#capacity = capacity
    this.#nextId = nextId
  }

  /** Copies, so that a listed event does not change. Oldest first. */
  list (): ConsoleEvent[] { return Array.from(this.#entries, ({ event }) => ({ ...event })) }

  /** How many entries were dropped. */
  get dropped (): number { return this.#dropped }

  add ({ time, source, ...draft }: EventDraft): void {
    const minute = Math.floor(time / MINUTE)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#open.clear()
    }
    const { kind, title, reason, fingerprint256, removedCa, detail } = draft
    const key = [kind, source, title, reason, fingerprint256, removedCa?.removedAt, ...detail].join('\n')
    const known = this.#open.get(key)
    if (known !== undefined) {
      known.event.count++
      known.event.last = time
      return
    }
    if (this.#entries.size >= this.#capacity) this.#makeRoom()
    const event = { ...draft, id: this.#nextId(), first: time, last: time, count: 1 }
    const entry: Filed = { event, key, source }
    this.#entries.add(entry)
    this.#open.set(key, entry)
    this.#eviction.add(entry)
  }

  #makeRoom (): void {
    const entry = this.#eviction.takeOfMost()
    if (entry === undefined) return
    this.#entries.delete(entry)
    if (this.#open.get(entry.key) === entry) this.#open.delete(entry.key)
    this.#dropped++
  }
}

/** Finds the source with the most entries in constant time, because a flood needs an eviction for every event. */
export class FairEviction<Entry extends { readonly source: string }> {
  readonly #held = new Map<string, Set<Entry>>()
  /** The sources by their number of entries. */
  readonly #ranks = new Map<number, Set<string>>()
  #most = 0

  add (entry: Entry): void {
    const { source } = entry
    let held = this.#held.get(source)
    if (held === undefined) this.#held.set(source, held = new Set())
    held.add(entry)
    this.#move(source, held.size - 1, held.size)
    this.#most = Math.max(this.#most, held.size)
  }

  /**
   * Removes the oldest entry of the source with the most entries; among equals, of the one that has had them longest.
   * Undefined without entries.
   */
  takeOfMost (): Entry | undefined {
    const source = oldest(this.#ranks.get(this.#most))
    const held = source === undefined ? undefined : this.#held.get(source)
    const entry = oldest(held)
    if (source === undefined || held === undefined || entry === undefined) return undefined
    held.delete(entry)
    if (held.size === 0) this.#held.delete(source)
    this.#move(source, held.size + 1, held.size)
    // This source has one entry less now, and no source has more.
    if (this.#ranks.get(this.#most) === undefined) this.#most--
    return entry
  }

  #move (source: string, before: number, after: number): void {
    const left = this.#ranks.get(before)
    left?.delete(source)
    if (left?.size === 0) this.#ranks.delete(before)
    if (after === 0) return
    const joined = this.#ranks.get(after)
    if (joined === undefined) this.#ranks.set(after, new Set([source]))
    else joined.add(source)
  }
}

/** The oldest one of a set. */
function oldest<T> (set: ReadonlySet<T> | undefined): T | undefined { return set?.values().next().value }
