import { defineOptions, methods } from '@peerkit/identity/internal'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { BlockListInvalidError, CredentialsClosedError, CredentialsOptionError } from '../errors.ts'
import type { BlockEntry, BlockMemory, KnownEntry } from './block-source.ts'
import { LiveBlockList } from './live-block-list.ts'
import { readEntries, showPlace } from './read-entry.ts'
import type { Refuse } from './read-entry.ts'

/** Options of `blockMemory`. */
export interface BlockMemoryOptions {
  /** The clock that decides whether an entry has ended. Default: the system clock. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

const OPTIONS = defineOptions<BlockMemoryOptions>('blockMemory', CredentialsOptionError, {
  clock: methods(['now'])
})

/**
 * Makes a list of blocked certificates that the program changes itself.
 *
 * @param entries at most 100,000 entries
 * @param options the clock
 * @throws BlockListInvalidError if an entry is invalid
 * @throws CredentialsOptionError if an option is unknown or of the wrong type
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
    if (this.closed) throw new CredentialsClosedError('update() after close()')
    this.take(read(entries, 'update'))
  }
}

function read (entries: unknown, what: string): KnownEntry[] {
  const refuse: Refuse = (place, problem) =>
    new BlockListInvalidError('structure', `${what}: ${showPlace(place)}: ${problem}`)
  return readEntries(entries, ['entries'], what, refuse)
}
