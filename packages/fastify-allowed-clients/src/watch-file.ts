import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { WatchOptions } from './plugin-options.ts'

/** A running watch. */
export interface FileWatch {
  close (): void
}

/**
 * Calls back when a file may have changed and has been quiet since.
 *
 * The directory is watched and not the file: a file that is replaced by renaming is another inode, and Kubernetes swaps a symbolic link (`..data`) beside it. Every sign is only a reason to
 * `stat` the path; a slow poll does so without signs, for network file systems and for directories that are themselves replaced. Nothing here keeps the process alive.
 *
 * @param changed tells whether it could read the file; if not, it is called again at the next look
 */
export function watchFile (path: string, { pollInterval = 5000, debounce = 100 }: WatchOptions, changed: () => Promise<boolean>): FileWatch {
  let watcher: FSWatcher | undefined
  let armed: string | undefined
  let timer: NodeJS.Timeout | undefined
  let last: string | undefined
  let closed = false

  const look = async (): Promise<void> => {
    const signature = await sign(path)
    // Other files of the directory are none of our business, and must not put off the reading of ours.
    if (closed || signature === last) return
    last = signature
    clearTimeout(timer)
    timer = setTimeout(() => {
      changed().then((isRead) => { if (!isRead) last = undefined }, () => { last = undefined })
    }, debounce)
    timer.unref()
  }
  const disarm = (): void => {
    watcher?.close()
    watcher = undefined
  }
  // A watch follows its directory wherever that is moved to; the one that now has its name is another.
  const arm = async (): Promise<void> => {
    const place = await identify(dirname(path))
    if (closed || (watcher !== undefined && place === armed)) return
    disarm()
    armed = place
    try {
      watcher = watch(dirname(path), { persistent: false }, () => { look() })
      watcher.on('error', disarm)
    } catch {
      // No such directory, or no watches left: the poll remains, and tries again.
    }
    // What happened before the watch stood.
    await look()
  }
  const poll = setInterval(() => {
    arm()
    look()
  }, pollInterval)
  poll.unref()
  arm()
  return {
    close () {
      closed = true
      disarm()
      clearTimeout(timer)
      clearInterval(poll)
    }
  }
}

async function identify (directory: string): Promise<string> {
  try {
    const { dev, ino } = await stat(directory, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return 'missing'
  }
}

/** What changes when a file does; `missing` where it cannot be looked at. Follows symbolic links. */
async function sign (path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(':')
  } catch {
    return 'missing'
  }
}
