// One process of a fuzzer, which `batches.ts` starts: it is told what to search, and says how far it is.
import type { BatchOrder, BatchesResult } from './batches.ts'
import type { Progress, Search } from './search.ts'

let memory = 0

function tell (message: Progress | { readonly result: BatchesResult }, then = (): void => {}): void {
  process.send?.(message, then)
}

// Nobody waits for it any more.
process.on('disconnect', () => { process.exit() })
process.once('message', ({ name, options }: BatchOrder) => {
  const load = async (): Promise<{ search: Search }> => await import(`../${name}/search.ts`)
  load().then(async ({ search }) => await search(options, (progress) => {
    memory = Math.max(memory, process.memoryUsage.rss())
    tell(progress)
  })).then((found) => {
    tell({ result: { ...found, memory } }, () => { process.disconnect() })
  }, (error: Error) => {
    console.error(error.stack)
    process.exit(1)
  })
})
