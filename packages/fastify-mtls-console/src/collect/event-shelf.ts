import type { ConsoleEvent, EventDraft } from './console-event.ts'

type Filed = { -readonly [key in keyof ConsoleEvent]: ConsoleEvent[key] } & { readonly key: string, readonly source: string }

const MINUTE = 60_000

/**
 * A bounded part of the log. Equal events of one minute are one entry with a count. Where it is full, whoever holds most entries loses his oldest: one loud peer cannot push out what another one did.
 */
export class EventShelf {
  readonly #capacity: number
  readonly #nextId: () => number
  readonly #shares = new Map<string, number>()
  readonly #open = new Map<string, Filed>()
  #entries: Filed[] = []
  #minute = -1
  #dropped = 0

  constructor (capacity: number, nextId: () => number) {
    this.#capacity = capacity
    this.#nextId = nextId
  }

  /** Oldest first. */
  get entries (): readonly ConsoleEvent[] { return this.#entries }

  /** How many entries made room for others. */
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
    if (this.#entries.length >= this.#capacity) this.#makeRoom()
    const entry: Filed = { ...draft, id: this.#nextId(), first: time, last: time, count: 1, key, source }
    this.#entries.push(entry)
    this.#open.set(key, entry)
    this.#shares.set(source, (this.#shares.get(source) ?? 0) + 1)
  }

  #makeRoom (): void {
    const most = Math.max(...this.#shares.values())
    const index = this.#entries.findIndex(({ source }) => this.#shares.get(source) === most)
    const [entry] = this.#entries.splice(index, 1) as [Filed]
    if (this.#open.get(entry.key) === entry) this.#open.delete(entry.key)
    if (most === 1) this.#shares.delete(entry.source)
    else this.#shares.set(entry.source, most - 1)
    this.#dropped++
  }
}
