import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { readlink, realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/** Watches the folders that files lie in, links followed, and can be told to look again where those folders changed. */
export interface FolderWatch {
  /** Watches the folders as they are now. */
  rearm (): Promise<void>
  close (): void
}

/**
 * Folders, not files: a file that is renamed over loses its watch with its inode. Each step of a chain of links has its folder watched, so that
 * the swap of a link in the middle (Kubernetes' `..data`) is an event too. File systems without events simply send none; the caller polls besides.
 */
export function watchFolders (paths: readonly string[], onEvent: () => void): FolderWatch {
  let watchers = new Map<string, FSWatcher>()
  let closed = false

  async function rearm (): Promise<void> {
    const wanted = new Set((await Promise.all(paths.map(foldersOf))).flat())
    if (closed) return
    const next = new Map<string, FSWatcher>()
    for (const folder of wanted) {
      // A folder that was replaced by another of the same name keeps an old watch that is deaf, so all are made anew.
      const watcher = open(folder)
      if (watcher !== undefined) next.set(folder, watcher)
    }
    for (const watcher of watchers.values()) watcher.close()
    watchers = next
  }

  function open (folder: string): FSWatcher | undefined {
    try {
      const watcher = watch(folder, { persistent: false }, onEvent)
      watcher.on('error', onEvent)
      return watcher
    } catch {
      return undefined
    }
  }

  return {
    rearm,
    close: () => {
      closed = true
      for (const watcher of watchers.values()) watcher.close()
      watchers.clear()
    }
  }
}

/** The folder of a path, of every link on the way, and of the file itself. */
async function foldersOf (path: string): Promise<string[]> {
  const folders: string[] = []
  let step = resolve(path)
  // A circle of links ends after as many steps as Linux itself takes.
  for (let hops = 0; hops < 40; hops += 1) {
    folders.push(dirname(step))
    const link = await firstLink(step)
    if (link === undefined) break
    folders.push(dirname(link.at))
    step = link.target
  }
  try {
    folders.push(dirname(await realpath(path)))
  } catch {}
  return folders
}

/** The first symbolic link on a path, from the root on, and the path with it followed. */
async function firstLink (path: string): Promise<{ at: string, target: string } | undefined> {
  const names = path.split('/').filter((name) => name !== '')
  let at = '/'
  for (const [index, name] of names.entries()) {
    at = join(at, name)
    try {
      return { at, target: resolve(dirname(at), await readlink(at), ...names.slice(index + 1)) }
    } catch {}
  }
  return undefined
}
