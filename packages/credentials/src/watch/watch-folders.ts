import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { traceFolders } from './trace-folders.ts'
import type { TracedFolder } from './trace-folders.ts'

/** Watches the folders of files, symbolic links resolved. Call `rearm` after the folders changed. */
export interface FolderWatch {
  /** Watches the current folders. Returns whether every decisive folder is watched. */
  rearm (): Promise<boolean>
  close (): void
}

export interface WatchOptions {
  /** Called when something changed. */
  readonly onEvent: () => void
  /** Called once when a folder cannot be watched, until all can be watched again. */
  readonly onFailure: (error: NodeJS.ErrnoException, folder: string) => void
  /** Default: `fs.watch`. */
  readonly watch?: typeof watch
}

/**
 * Watches folders, not files: the watch of a file ends when another file is renamed over it. On Linux, where it costs
 * little, every folder from the root down is watched, so that swapping a link in the middle (Kubernetes `..data`) or a
 * folder above is an event too. Entries with other names are ignored.
 *
 * Uses fs.watch without a library. What matters is to watch again after each swap, and that events only start a check
 * of the contents. chokidar resolves links and detects the end of writes in its own way, which would have to be undone.
 */
export function watchFolders (paths: readonly string[], options: WatchOptions): FolderWatch {
  let watchers: FSWatcher[] = []
  let closed = false
  let reported = false

  async function rearm (): Promise<boolean> {
    const folders = mergeFolders(await Promise.all(paths.map(traceFolders)))
    if (closed) return false
    let whole = true
    const next: FSWatcher[] = []
    for (const [folder, traced] of folders) {
      if (!traced.decisive && process.platform !== 'linux') continue
      const watcher = openOne(folder, traced)
      if (watcher !== undefined) next.push(watcher)
      else if (traced.decisive) whole = false
    }
    // The watch of a folder that was replaced by another one gets no events, so all watches are made again. The old
    // ones are closed after that.
    for (const watcher of watchers) watcher.close()
    watchers = next
    if (whole) reported = false
    return whole
  }

  function openOne (folder: string, { names, decisive }: TracedFolder): FSWatcher | undefined {
    try {
      const watcher = (options.watch ?? watch)(folder, { persistent: false }, (_event, name) => {
        if (name === null || names.has(name)) options.onEvent()
      })
      watcher.on('error', (error: NodeJS.ErrnoException) => {
        watcher.close()
        report(error, folder)
        options.onEvent()
      })
      return watcher
    } catch (error) {
      // Parents that can be passed through but not read are common, and rarely swapped. A file that cannot be watched
      // is in a folder that can. A folder that disappeared meanwhile is handled by the next check.
      if (decisive && (error as NodeJS.ErrnoException).code !== 'ENOENT') report(error as NodeJS.ErrnoException, folder)
      return undefined
    }
  }

  function report (error: NodeJS.ErrnoException, folder: string): void {
    if (!reported) options.onFailure(error, folder)
    reported = true
  }

  return {
    rearm,
    close: () => {
      closed = true
      for (const watcher of watchers) watcher.close()
      watchers = []
    }
  }
}

function mergeFolders (traced: ReadonlyArray<Map<string, TracedFolder>>): Map<string, TracedFolder> {
  const merged = new Map<string, TracedFolder>()
  for (const [folder, { names, decisive }] of traced.flatMap((one) => [...one])) {
    const known = merged.get(folder)
    const allNames = new Set([...known?.names ?? [], ...names])
    merged.set(folder, { names: allNames, decisive: decisive || known?.decisive === true })
  }
  return merged
}
