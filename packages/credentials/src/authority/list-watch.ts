import type { RevocationChecker } from '@peerkit/revocation'
import { isBlockSource } from '../block/block-option.ts'
import type { BlockOption } from '../block/block-option.ts'
import type { TrustSnapshot } from '../credential-snapshot.ts'
import { listCheckers } from './authorities-of.ts'

/** What moves beside a trust itself. */
export interface WatchedLists {
  /** Asked beside the authorities' own. */
  readonly revocation: RevocationChecker | undefined
  readonly block: BlockOption | undefined
}

/**
 * Tells when CRLs, answers about revocation, or a list of blocked certificates move. Another snapshot is for the owner to notice, who then calls `follow`. For
 * packages of this suite.
 */
export class ListWatch {
  readonly #source: { readonly current: TrustSnapshot }
  readonly #side: 'clients' | 'servers'
  readonly #lists: WatchedLists
  readonly #onMoved: () => void
  /** The checkers of the snapshot in force, and what ends their subscriptions. */
  readonly #followed = new Map<RevocationChecker, () => void>()
  #ends: Array<() => void> = []

  constructor (source: { readonly current: TrustSnapshot }, side: 'clients' | 'servers', lists: WatchedLists, onMoved: () => void) {
    this.#source = source
    this.#side = side
    this.#lists = lists
    this.#onMoved = onMoved
  }

  start (): void {
    const { revocation, block } = this.#lists
    if (revocation !== undefined) this.#ends.push(revocation.subscribe(this.#onMoved))
    if (isBlockSource(block)) this.#ends.push(block.subscribe(({ type }) => { if (type === 'changed') this.#onMoved() }))
    this.follow()
  }

  /** The CRLs of the snapshot in force move by themselves as well: they end. */
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
