import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { traceFolders } from './trace-folders.ts'
import type { TracedFolder } from './trace-folders.ts'

/** Watches the folders that files lie in, links followed, and can be told to look again where those folders changed. */
export interface FolderWatch {
  /** Watches the folders as they are now. Says whether every decisive one of them is watched. */
  rearm (): Promise<boolean>
  close (): void
}

export interface WatchOptions {
  /** Something changed: look. */
  readonly onEvent: () => void
  /** A folder cannot be watched; told once, until all can be again. */
  readonly onFailure: (error: NodeJS.ErrnoException, folder: string) => void
  /** Default: `fs.watch`. */
  readonly watch?: typeof watch
}

/**
 * Folders, not files: a file that is renamed over loses its watch with its inode. And (on Linux, where it costs little)
 * every folder from the root down, so that the swap of a link in the middle (Kubernetes' `..data`) or of a folder above
 * is an event too; entries of other names are passed over.
 *
 * fs.watch itself, and no library above it: what matters is to watch anew after each swap, and that an event only says
 * "look"; what is seen then is decided by the files' contents. chokidar brings its own view of links and of writes that
 * end, which would have to be worked around.
 */
export function watchFolders (paths: readonly string[], options: WatchOptions): FolderWatch {
  let watchers: FSWatcher[] = []
  let closed = false
  let told = false

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
    // A folder that was replaced by another of the same name keeps an old watch that is deaf, so all are made anew; the
    // old ones end after that.
    for (const watcher of watchers) watcher.close()
    watchers = next
    if (whole) told = false
    return whole
  }

  function openOne (folder: string, { names, decisive }: TracedFolder): FSWatcher | undefined {
    try {
      const watcher = (options.watch ?? watch)(folder, { persistent: false }, (_event, name) => {
        if (name === null || names.has(name)) options.onEvent()
      })
      watcher.on('error', (error: NodeJS.ErrnoException) => {
        watcher.close()
        tell(error, folder)
        options.onEvent()
      })
      return watcher
    } catch (error) {
      // Parents that may be passed through but not read are common, and rarely swapped; a file that cannot be watched
      // lies in a folder that can. A folder that has gone meanwhile is the next look's business.
      if (decisive && (error as NodeJS.ErrnoException).code !== 'ENOENT') tell(error as NodeJS.ErrnoException, folder)
      return undefined
    }
  }

  function tell (error: NodeJS.ErrnoException, folder: string): void {
    if (!told) options.onFailure(error, folder)
    told = true
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
    merged.set(folder, { names: new Set([...known?.names ?? [], ...names]), decisive: decisive || known?.decisive === true })
  }
  return merged
}
