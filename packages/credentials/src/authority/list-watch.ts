import type { RevocationChecker } from '@peerkit/revocation'
import { isBlockSource } from '../block/block-option.ts'
import type { BlockOption } from '../block/block-option.ts'
import type { TrustSnapshot } from '../sources/credential-snapshot.ts'
import { listCheckers } from './authorities-of.ts'

/** What can change without a new snapshot. */
export interface WatchedLists {
  /** A checker in addition to those of the authorities. */
  readonly revocation: RevocationChecker | undefined
  /** The option `block`. */
  readonly block: BlockOption | undefined
}

/**
 * Calls back when CRLs, other answers about revocation or the block list change. The owner watches for new snapshots,
 * and then calls `follow`. Used by the packages of this suite.
 *
 * @example
 * ```ts
 * const watch = new ListWatch(credentials, 'clients', { revocation: undefined, block: blockMemory([]) }, () => {})
 * watch.start()
 * watch.stop()
 * ```
 */
export class ListWatch {
  readonly #source: { readonly current: TrustSnapshot }
  readonly #side: 'clients' | 'servers'
  readonly #lists: WatchedLists
  readonly #onMoved: () => void
  /** The checkers of the snapshot in use, with functions that unsubscribe from them. */
  readonly #followed = new Map<RevocationChecker, () => void>()
  #ends: Array<() => void> = []

  constructor (
    source: { readonly current: TrustSnapshot }, side: 'clients' | 'servers', lists: WatchedLists, onMoved: () => void
  ) {
    this.#source = source
    this.#side = side
    this.#lists = lists
    this.#onMoved = onMoved
  }

  start (): void {
    const { revocation, block } = this.#lists
    if (revocation !== undefined) this.#ends.push(revocation.subscribe(this.#onMoved))
    if (isBlockSource(block)) {
      this.#ends.push(block.subscribe(({ type }) => { if (type === 'changed') this.#onMoved() }))
    }
    this.follow()
  }

  /** Subscribes to the checkers of the snapshot in use. CRLs change without a new snapshot when they expire. */
  follow (): void {
    const checkers = listCheckers(this.#source.current, this.#side)
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
