import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { dirname, join, parse, resolve, sep } from 'node:path'

/** Watches the folders of files, symbolic links resolved. Call `rearm` after the folders changed. */
export interface FolderWatch {
  /** Watches the current folders. Returns whether every decisive folder is watched. */
  rearm (): Promise<boolean>
  close (): void
}

interface WatchOptions {
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

/** The limit of Linux. */
const MAX_LINKS = 40

/** A real folder on the way to a file, or the file itself. */
interface TracedFolder {
  /** The entries that decide what the path means. */
  readonly names: Set<string>
  /** Whether one of them is the file, a link or missing. The others are plain folders, which are rarely swapped. */
  decisive: boolean
}

/**
 * Lists the folders whose entries decide what a path means. The path is resolved name by name from the root, through
 * every symbolic link. In a Kubernetes volume these are `tls.crt` and `..data` in the folder, and `tls.crt` in the
 * folder of the version. It ends early at a missing entry: then that folder is watched. The file itself is the last
 * one: if it is mounted separately (Docker secrets) or has another hard link, writing to it causes no event in its
 * folder.
 */
export async function traceFolders (path: string): Promise<Map<string, TracedFolder>> {
  const folders = new Map<string, TracedFolder>()
  const absolute = resolve(path)
  let at = parse(absolute).root
  let names = split(absolute)
  let links = 0
  for (let name = names.shift(); name !== undefined && links <= MAX_LINKS; name = names.shift()) {
    if (name === '..') {
      at = dirname(at)
      continue
    }
    const entry = join(at, name)
    const kind = await readKind(entry)
    addName(folders, at, { name, decisive: kind !== 'folder' })
    if (kind === 'missing') break
    if (kind === 'file' && names.length === 0) addName(folders, entry, { name, decisive: false })
    if (kind === 'folder' || kind === 'file') {
      at = entry
      continue
    }
    links += 1
    const { root } = parse(kind.target)
    if (root !== '') at = root
    names = [...split(kind.target), ...names]
  }
  return folders
}

function addName (
  folders: Map<string, TracedFolder>, folder: string, { name, decisive }: { name: string, decisive: boolean }
): void {
  const traced = folders.get(folder) ?? { names: new Set(), decisive: false }
  traced.names.add(name)
  traced.decisive ||= decisive
  folders.set(folder, traced)
}

function split (path: string): string[] {
  return path.slice(parse(path).root.length).split(sep).filter((name) => name !== '' && name !== '.')
}

async function readKind (path: string): Promise<'folder' | 'file' | 'missing' | { target: string }> {
  try {
    const info = await lstat(path)
    return info.isSymbolicLink() ? { target: await readlink(path) } : info.isDirectory() ? 'folder' : 'file'
  } catch (error) {
    // Node's permission model hides the folders above those that it grants.
    return (error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED' ? 'folder' : 'missing'
  }
}
