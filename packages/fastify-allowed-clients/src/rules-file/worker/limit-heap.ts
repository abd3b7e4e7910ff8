import type { Worker } from 'node:worker_threads'
import { scheduleTimer } from '@peerkit/identity/internal'

/** Milliseconds between two looks. A worker fills some 100 MiB meanwhile. */
const INTERVAL = 50

/**
 * What a worker may take beyond its limit until it is ended, in MiB. V8 must not reach its own limit: a worker that
 * needs a large piece of memory there ends the whole process, and not only itself.
 */
export const HEADROOM = 512

/**
 * Calls back when the objects of a worker take more memory than they may. It looks while the worker calculates too.
 *
 * @param most MiB
 * @returns stops it
 */
export function limitHeap (worker: Worker, most: number, onExceeded: () => void): () => void {
  let cancel = (): void => {}
  let isStopped = false
  const look = (): void => {
    // Node has it since 22.16; other runtimes may not.
    if (typeof worker.getHeapStatistics !== 'function') return
    worker.getHeapStatistics().then(({ used_heap_size: used }) => {
      if (isStopped) return
      if (used > most * 1024 ** 2) onExceeded()
      else cancel = scheduleTimer(look, INTERVAL)
    }, () => {
      // It has ended, which another listener is told.
    })
  }
  worker.once('online', look)
  return () => {
    isStopped = true
    cancel()
  }
}
