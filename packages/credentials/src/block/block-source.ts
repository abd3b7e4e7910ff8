import type { BlockList } from '@peerkit/trust'
import type { BlockEntry } from './block-entry.ts'
import type { BlockListInvalidError } from './errors.ts'

/** What a source tells its subscribers. */
export type BlockChange = BlockListChanged | BlockListRefused | BlockListRecovered

/** Another list is in force. */
export interface BlockListChanged {
  readonly type: 'changed'
  readonly added: readonly BlockEntry[]
  readonly removed: readonly BlockEntry[]
}

/** A list was refused. The former list stays in force. */
export interface BlockListRefused {
  readonly type: 'refused'
  readonly error: BlockListInvalidError
}

/** What was refused is right again, be it new or what it was before. A new one has been told as `changed`. */
export interface BlockListRecovered {
  readonly type: 'recovered'
}

/** A live list of certificates that are kept out. */
export interface BlockSource extends BlockList {
  /**
   * Counts up from 1 whenever the entries differ. It does not move when an entry ends: an end lets somebody in again,
   * so no connection has to be cut, and refusals are not remembered.
   */
  readonly version: number
  /** What is in force, entries that have ended included. Frozen. */
  readonly entries: readonly BlockEntry[]
  /** How many entries have ended, and no longer count. */
  readonly ended: number
  /** Calls `listener` at every change. Returns what ends that. */
  subscribe (listener: (change: BlockChange) => void): () => void
  /** Ends the watch and the subscriptions. The last list stays in force. */
  close (): Promise<void>
}

/** A list that the program changes itself. */
export interface BlockMemory extends BlockSource {
  /**
   * Puts other entries in force, in place of all former ones.
   *
   * @throws MTLS_ERR_BLOCK_LIST_INVALID, and the former list stays in force
   * @throws MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  update (entries: readonly BlockEntry[]): void
}

/** A list in a file. */
export interface BlockFile extends BlockSource {
  /**
   * Reads the file now. For `watch: false`, or a signal handler.
   *
   * @throws MTLS_ERR_BLOCK_LIST_INVALID, and the former list stays in force
   * @throws MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  reload (): Promise<void>
}
