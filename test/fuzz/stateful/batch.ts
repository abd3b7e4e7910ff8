// One process of the fuzzer, which `batches.ts` starts: it is told what to search, and says how far it is.
import { search } from './search.ts'
import type { SearchOptions } from './search.ts'
import type { BatchesResult } from './batches.ts'

/** What it is about to do. */
export interface Progress { readonly sequence: number, readonly step: string }

let memory = 0

function tell (message: Progress | { readonly result: BatchesResult }, then = (): void => {}): void {
  process.send?.(message, then)
}

// Nobody waits for it any more.
process.on('disconnect', () => { process.exit() })
process.once('message', (options: SearchOptions) => {
  search(options, (progress) => {
    memory = Math.max(memory, process.memoryUsage.rss())
    tell(progress)
  }).then((found) => {
    tell({ result: { ...found, memory } }, () => { process.disconnect() })
  }, (error: Error) => {
    console.error(error.stack)
    process.exit(1)
  })
})
