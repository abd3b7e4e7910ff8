import type { PeerIdentity } from '@peerkit/identity'
import type { Blocked } from '@peerkit/trust'
import type { Clock } from '../clock.ts'
import { Listeners } from '../listeners.ts'
import type { BlockListInvalidError } from '../errors.ts'
import { BlockIndex } from './block-index.ts'
import type { BlockChange, BlockEntry, BlockSource, KnownEntry } from './block-source.ts'

/** Base of the block sources: holds the list in use, and notifies subscribers of every change. */
export class LiveBlockList implements BlockSource {
  readonly #clock: Pick<Clock, 'now'>
  readonly #listeners = new Listeners<BlockChange>('a block list')
  #known: ReadonlyMap<string, KnownEntry>
  #index: BlockIndex
  #entries: readonly BlockEntry[]
  /** The end times of all entries that end. */
  #ends: readonly number[] = []
  #version = 1
  #isRefused = false
  #closed = false
  #closing: Promise<void> | undefined

  constructor (entries: readonly KnownEntry[], clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#known = byId(entries)
    this.#index = new BlockIndex(entries)
    this.#entries = listOf(entries)
    this.#ends = endsOf(entries)
  }

  get version (): number { return this.#version }

  get entries (): readonly BlockEntry[] { return this.#entries }

  get closed (): boolean { return this.#closed }

  get ended (): number {
    const now = this.#clock.now()
    return this.#ends.filter((end) => end <= now).length
  }

  // No timer ends an entry: each call reads the clock. When an entry ends, no connection has to be closed. Rejections
  // are not cached, so the version does not change.
  find (certificate: PeerIdentity): Blocked | undefined {
    const found = this.#index.find(certificate, this.#clock.now())
    return found && { entry: found.text, reason: found.entry.reason }
  }

  /** Uses new entries. If they are the entries in use, in any order, nothing changes. */
  take (entries: readonly KnownEntry[]): void {
    if (this.#closed) return
    const next = byId(entries)
    const added = listOf(without(next, this.#known))
    const removed = listOf(without(this.#known, next))
    if (added.length === 0 && removed.length === 0) return
    this.#known = next
    this.#index = new BlockIndex(entries)
    this.#entries = listOf(entries)
    this.#ends = endsOf(entries)
    this.#version += 1
    this.#listeners.notify(Object.freeze({ type: 'changed', added, removed }))
  }

  /** Notifies subscribers that a list was refused. */
  refuse (error: BlockListInvalidError): void {
    this.#isRefused = true
    this.#listeners.notify(Object.freeze({ type: 'refused', error }))
  }

  /** Notifies subscribers that the list is valid again, if one was refused. */
  recover (): void {
    if (!this.#isRefused) return
    this.#isRefused = false
    this.#listeners.notify(Object.freeze({ type: 'recovered' }))
  }

  subscribe (listener: (change: BlockChange) => void): () => void {
    return this.#closed ? () => {} : this.#listeners.add(listener)
  }

  close (): Promise<void> {
    this.#closed = true
    this.#listeners.clear()
    this.#closing ??= this.stop()
    return this.#closing
  }

  /** Stops what the subclass has started. */
  protected async stop (): Promise<void> {}
}

function byId (entries: readonly KnownEntry[]): ReadonlyMap<string, KnownEntry> {
  return new Map(entries.map((entry) => [entry.id, entry]))
}

function without (some: ReadonlyMap<string, KnownEntry>, others: ReadonlyMap<string, KnownEntry>): KnownEntry[] {
  return [...some.values()].filter(({ id }) => !others.has(id))
}

function listOf (entries: readonly KnownEntry[]): readonly BlockEntry[] {
  return Object.freeze(entries.map(({ entry }) => entry))
}

function endsOf (entries: readonly KnownEntry[]): readonly number[] {
  return entries.map(({ until }) => until).filter((until) => until !== Infinity)
}
