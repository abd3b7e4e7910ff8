import type { BlockList } from '@peerkit/trust'
import type { BlockEntry } from './block-entry.ts'
import type { BlockListInvalidError } from './errors.ts'

/** What a listener of a block list gets. */
export type BlockChange = BlockListChanged | BlockListRefused | BlockListRecovered

/** New entries are in use. */
export interface BlockListChanged {
  readonly type: 'changed'
  readonly added: readonly BlockEntry[]
  readonly removed: readonly BlockEntry[]
}

/** The new list is invalid. The former list stays in use. */
export interface BlockListRefused {
  readonly type: 'refused'
  readonly error: BlockListInvalidError
}

/**
 * The list that was refused is valid again, with new or former entries. New ones were announced as `changed` before.
 */
export interface BlockListRecovered {
  readonly type: 'recovered'
}

/** A list of blocked certificates that can change while the process runs. */
export interface BlockSource extends BlockList {
  /**
   * Counts up from 1 whenever the entries differ. It does not change when an entry ends: then no connection has to be
   * closed, and rejections are not cached.
   */
  readonly version: number
  /** The entries in use, including those that have ended. Frozen. */
  readonly entries: readonly BlockEntry[]
  /** Number of entries that have ended and are ignored. */
  readonly ended: number
  /** Calls `listener` at every change. Returns a function that unsubscribes it. */
  subscribe (listener: (change: BlockChange) => void): () => void
  /** Stops watching, and removes all listeners. The last list stays in use. */
  close (): Promise<void>
}

/** A list that the program changes itself. */
export interface BlockMemory extends BlockSource {
  /**
   * Replaces all entries.
   *
   * @throws MTLS_ERR_BLOCK_LIST_INVALID if an entry is invalid; the former list stays in use
   * @throws MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  update (entries: readonly BlockEntry[]): void
}

/** A list in a file. */
export interface BlockFile extends BlockSource {
  /**
   * Reads the file now. For `watch: false`, or a signal handler.
   *
   * @throws MTLS_ERR_BLOCK_LIST_INVALID if the file is invalid; the former list stays in use
   * @throws MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  reload (): Promise<void>
}
