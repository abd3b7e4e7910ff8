import { defineOptions, methods } from '@peerkit/identity/internal'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED, MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import type { BlockEntry, KnownEntry } from './block-entry.ts'
import type { BlockMemory } from './block-source.ts'
import { invalidList } from './errors.ts'
import { LiveBlockList } from './live-block-list.ts'
import type { Refuse } from './read-entry.ts'
import { readEntries, showPlace } from './read-list.ts'

/** Options of `blockMemory`. */
export interface BlockMemoryOptions {
  /** The clock that decides whether an entry has ended. Default: the system clock. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

const OPTIONS = defineOptions<BlockMemoryOptions>('blockMemory', MTLS_ERR_CREDENTIALS_OPTION, {
  clock: methods(['now'])
})

/**
 * Makes a list of blocked certificates that the program changes itself.
 *
 * @param entries at most 100,000 entries
 * @param options the clock
 * @throws MTLS_ERR_BLOCK_LIST_INVALID if an entry is invalid
 * @throws MTLS_ERR_CREDENTIALS_OPTION if an option is unknown or of the wrong type
 * @example
 * ```ts
 * const block = blockMemory([])
 * block.update([{ name: 'CN=alice,OU=billing', reason: 'laptop stolen' }])
 * console.log(block.find(peer))
 * await block.close()
 * ```
 */
export function blockMemory (entries: readonly BlockEntry[], options: BlockMemoryOptions = {}): BlockMemory {
  OPTIONS.check(options)
  return new MemoryList(read(entries, 'blockMemory'), options.clock ?? SYSTEM_CLOCK)
}

class MemoryList extends LiveBlockList implements BlockMemory {
  update (entries: readonly BlockEntry[]): void {
    if (this.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('update() after close()')
    this.take(read(entries, 'update'))
  }
}

function read (entries: unknown, what: string): KnownEntry[] {
  const refuse: Refuse = (place, problem) => invalidList('structure', `${what}: ${showPlace(place)}: ${problem}`)
  return readEntries(entries, ['entries'], what, refuse)
}
