import type { ConsoleEvent, EventDraft, EventKind } from './console-event.ts'
import { BoundedEventLog } from './bounded-event-log.ts'

/** Each part has its own capacity, so that events of one kind do not remove those of another. */
const PART_OF: Readonly<Record<EventKind, 'strangers' | 'clients' | 'changes'>> = {
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

/** The log, with a bounded number of entries. */
export class EventLog {
  readonly #parts: Readonly<Record<'strangers' | 'clients' | 'changes', BoundedEventLog>>
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

  add (draft: EventDraft): void { this.#parts[PART_OF[draft.kind]].add(draft) }

  /** How many entries were dropped. */
  get dropped (): number { return Object.values(this.#parts).reduce((sum, part) => sum + part.dropped, 0) }

  /** Newest first. */
  list (): ConsoleEvent[] {
    return Object
      .values(this.#parts)
      .flatMap(({ entries }) => [...entries])
      .sort((a, b) => b.last - a.last || b.id - a.id)
      .map(toPlain)
  }
}

/** A copy without internal fields, so that a listed event does not change. */
function toPlain ({
  id,
  kind,
  tone,
  first,
  last,
  count,
  title,
  reason,
  hint,
  peer,
  fingerprint256,
  issuer,
  remoteAddress,
  requestId,
  detail
}: ConsoleEvent): ConsoleEvent {
  return {
    id,
    kind,
    tone,
    first,
    last,
    count,
    title,
    reason,
    hint,
    peer,
    fingerprint256,
    issuer,
    remoteAddress,
    requestId,
    detail
  }
}
