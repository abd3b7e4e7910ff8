import { listCheckers } from '@peerkit/credentials'
import type { BlockOption, BlockSource, TrustSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'

/** What moves beside the trust itself. */
export interface WatchedLists {
  readonly revocation: RevocationChecker | undefined
  readonly block: BlockOption | undefined
}

/** Tells when CRLs, answers about revocation, or the list of blocked certificates move. Changes of the trust itself are for the owner to follow. */
export class TrustWatch {
  readonly #source: TrustSource
  readonly #lists: WatchedLists
  readonly #onMoved: () => void
  /** The checkers of the snapshot in force, and what ends their subscriptions. */
  readonly #followed = new Map<RevocationChecker, () => void>()
  #ends: Array<() => void> = []

  constructor (source: TrustSource, lists: WatchedLists, onMoved: () => void) {
    this.#source = source
    this.#lists = lists
    this.#onMoved = onMoved
  }

  start (): void {
    const { revocation, block } = this.#lists
    const { subscribe } = (block ?? {}) as Partial<BlockSource>
    if (revocation !== undefined) this.#ends.push(revocation.subscribe(this.#onMoved))
    if (typeof subscribe === 'function') this.#ends.push(subscribe.call(block, ({ type }) => { if (type === 'changed') this.#onMoved() }))
    this.follow()
  }

  /** The CRLs of the snapshot in force move by themselves as well: they end. Called whenever there may be another snapshot. */
  follow (): void {
    const checkers = listCheckers(this.#source.current, 'clients')
    for (const [checker, end] of this.#followed) {
      if (checkers.includes(checker)) continue
      end()
      this.#followed.delete(checker)
    }
    for (const checker of checkers) {
      if (!this.#followed.has(checker)) this.#followed.set(checker, checker.subscribe(this.#onMoved))
    }
  }

  stop (): void {
    for (const end of [...this.#ends, ...this.#followed.values()]) end()
    this.#ends = []
    this.#followed.clear()
  }
}
