import type { LoadedFiles } from './loaded-files.ts'
import { readSignature } from './file-signature.ts'
import type { LiveSource } from './live-source.ts'
import { watchFolders } from './watch-folders.ts'

/** How long files must lie still before they are read: a file that is being written in place changes faster than this. */
const STILL = 40
/** How soon files that did not pass are looked at again. */
const RETRY = 250

export interface ReloadOptions {
  readonly source: LiveSource
  readonly paths: readonly string[]
  load (): Promise<LoadedFiles>
  /** Of the files as they were loaded. */
  readonly signature: string
  readonly poll: number
  readonly settle: number
}

/**
 * Follows files. Events only say "look": what counts is the signature of all files together, which must be another than the one last taken, and must not move while
 * they are read. Returns the function that ends it.
 */
export async function startReloading ({ source, paths, load, signature, poll, settle }: ReloadOptions): Promise<() => Promise<void>> {
  let inForce = signature
  let unfitSince: number | undefined
  let reported = ''
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let again = false

  function schedule (delay: number): void {
    clearTimeout(timer)
    timer = setTimeout(look, delay).unref()
  }

  function look (): void {
    if (source.closed) return
    // An event during a look is not lost: it is followed by another look.
    if (looking !== undefined) {
      again = true
      return
    }
    looking = reload().catch((error: unknown) => { source.refuse(error as Error) }).finally(() => {
      looking = undefined
      if (again) {
        again = false
        schedule(STILL)
      }
    })
  }

  async function reload (): Promise<void> {
    const before = await readSignature(paths)
    if (before === inForce) {
      unfitSince = undefined
      return
    }
    await folders.rearm()
    try {
      const loaded = await load()
      const changesTrust = source.changesTrust(loaded.checked)
      const checker = changesTrust ? await loaded.makeChecker() : undefined
      if (source.closed || (await readSignature(paths)) !== loaded.signature) {
        // Written while we read: what we hold may be half of each.
        await checker?.close()
        schedule(STILL)
        return
      }
      inForce = loaded.signature
      unfitSince = undefined
      reported = ''
      // Touched, but the same: no rotation.
      if (changesTrust || source.changesOwn(loaded.checked)) source.accept(loaded.checked, checker)
    } catch (error) {
      unfitSince ??= performance.now()
      report(error as Error)
      schedule(RETRY)
    }
  }

  function report (error: Error): void {
    if (performance.now() - (unfitSince ?? 0) < settle || error.message === reported) return
    reported = error.message
    source.refuse(error)
  }

  const folders = watchFolders(paths, () => { schedule(STILL) })
  await folders.rearm()
  const interval = setInterval(look, poll).unref()
  // A change between the first load and the watch has sent no event.
  schedule(STILL)
  return async () => {
    clearTimeout(timer)
    clearInterval(interval)
    folders.close()
    await looking
  }
}
