import type { ConsoleEvent, EventDraft } from './console-event.ts'
import { FairEviction } from './fair-eviction.ts'

type Filed = { -readonly [key in keyof ConsoleEvent]: ConsoleEvent[key] } & {
  readonly key: string
  readonly source: string
}

const MINUTE = 60_000

/**
 * A bounded part of the log. Equal events of a minute are one entry with a count. If it is full, the source with the
 * most entries loses its oldest one, so that one source cannot remove the events of others.
 */
export class BoundedEventLog {
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

  /** Oldest first. */
  get entries (): Iterable<ConsoleEvent> { return this.#entries }

  /** How many entries were dropped. */
  get dropped (): number { return this.#dropped }

  add ({ time, source, ...draft }: EventDraft): void {
    const minute = Math.floor(time / MINUTE)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#open.clear()
    }
    const key = [draft.kind, source, draft.title, draft.reason, draft.fingerprint256, ...draft.detail].join('\n')
    const known = this.#open.get(key)
    if (known !== undefined) {
      known.count++
      known.last = time
      return
    }
    if (this.#entries.size >= this.#capacity) this.#makeRoom()
    const entry: Filed = { ...draft, id: this.#nextId(), first: time, last: time, count: 1, key, source }
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
