import { SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED, MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import { checkKeys, show } from '../option-check.ts'
import type { BlockEntry, KnownEntry } from './block-entry.ts'
import type { BlockMemory } from './block-source.ts'
import { invalidList } from './errors.ts'
import { LiveBlockList } from './live-block-list.ts'
import type { Refuse } from './read-entry.ts'
import { readEntries, showPlace } from './read-list.ts'

export interface BlockMemoryOptions {
  /** Tells when an entry has ended. Default: the machine's. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/**
 * A list of blocked certificates that the program changes itself, with at most 100,000 entries.
 *
 * @throws MTLS_ERR_BLOCK_LIST_INVALID, MTLS_ERR_CREDENTIALS_OPTION
 * @example
 * const block = blockMemory([])
 * block.update([{ issuer: 'CN=Internal CA', serialNumber: '0a1b2c', reason: 'laptop stolen' }])
 */
export function blockMemory (entries: readonly BlockEntry[], options: BlockMemoryOptions = {}): BlockMemory {
  checkKeys(options, ['clock'], [], 'blockMemory')
  return new MemoryList(read(entries, 'blockMemory'), checkNow(options.clock, 'blockMemory'))
}

class MemoryList extends LiveBlockList implements BlockMemory {
  update (entries: readonly BlockEntry[]): void {
    if (this.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('update() after close()')
    this.take(read(entries, 'update'))
  }
}

/** The clock, or the machine's. @throws MTLS_ERR_CREDENTIALS_OPTION */
function checkNow (clock: Pick<Clock, 'now'> | undefined, what: string): Pick<Clock, 'now'> {
  if (clock === undefined) return SYSTEM_CLOCK
  if (typeof (clock as Partial<Clock> | null)?.now !== 'function') {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} clock is ${show(clock)}; expected an object with now()`)
  }
  return clock
}

function read (entries: unknown, what: string): KnownEntry[] {
  const refuse: Refuse = (place, problem) => invalidList('structure', `${what}: ${showPlace(place)}: ${problem}`)
  return readEntries(entries, ['entries'], what, refuse)
}
