import type { ConsoleEvent, EventDraft, EventKind } from './console-event.ts'
import { EventShelf } from './event-shelf.ts'

/** Strangers fill one shelf, clients another, what changes in the service a third: none pushes out the others. */
const SHELF_OF: Readonly<Record<EventKind, 'strangers' | 'clients' | 'changes'>> = {
  handshake: 'strangers',
  denied: 'clients',
  'would-deny': 'clients',
  forged: 'clients',
  ended: 'clients',
  credentials: 'changes',
  revocation: 'changes',
  rules: 'changes',
  expiry: 'changes',
  outbound: 'changes',
  node: 'changes'
}

/** The bounded log of what happened. */
export class EventLog {
  readonly #shelves: Readonly<Record<'strangers' | 'clients' | 'changes', EventShelf>>
  #lastId = 0

  /** @param capacity entries of each of the three shelves */
  constructor (capacity: number) {
    const nextId = (): number => ++this.#lastId
    this.#shelves = { strangers: new EventShelf(capacity, nextId), clients: new EventShelf(capacity, nextId), changes: new EventShelf(capacity, nextId) }
  }

  add (draft: EventDraft): void { this.#shelves[SHELF_OF[draft.kind]].add(draft) }

  /** How many entries made room for others. */
  get dropped (): number { return Object.values(this.#shelves).reduce((sum, shelf) => sum + shelf.dropped, 0) }

  /** Newest first. */
  list (): ConsoleEvent[] {
    return Object.values(this.#shelves).flatMap(({ entries }) => [...entries]).sort((a, b) => b.last - a.last || b.id - a.id).map(toPlain)
  }
}

/** A copy without what is kept for filing: what was listed does not change any more. */
function toPlain ({ id, kind, tone, first, last, count, title, reason, hint, peer, fingerprint256, issuer, remoteAddress, requestId, detail }: ConsoleEvent): ConsoleEvent {
  return { id, kind, tone, first, last, count, title, reason, hint, peer, fingerprint256, issuer, remoteAddress, requestId, detail }
}
