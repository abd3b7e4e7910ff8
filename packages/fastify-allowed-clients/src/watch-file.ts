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
 * Calls back when a file may have changed and the changes have stopped.
 *
 * It watches the directory, not the file: a file that is replaced by renaming is another inode, and Kubernetes swaps a
 * symbolic link (`..data`) in the directory. Every event only causes a `stat` of the path. A slow poll does the same
 * without events, for network file systems and for directories that are themselves replaced. It does not keep the
 * process alive.
 *
 * @param changed returns whether it could read the file; if not, it is called again at the next check
 */
export function watchFile (
  path: string, { pollInterval = 5000, debounce = 100 }: WatchOptions, changed: () => Promise<boolean>
): FileWatch {
  let watcher: FSWatcher | undefined
  let armed: string | undefined
  let timer: NodeJS.Timeout | undefined
  let last: string | undefined
  let closed = false

  const look = async (): Promise<void> => {
    const signature = await sign(path)
    // Events of other files in the directory must not delay the reading of this one.
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
  // A watch follows its directory when that is moved. Another directory may now have its name.
  const arm = async (): Promise<void> => {
    const place = await identify(dirname(path))
    if (closed || (watcher !== undefined && place === armed)) return
    disarm()
    armed = place
    try {
      watcher = watch(dirname(path), { persistent: false }, () => { look() })
      watcher.on('error', disarm)
    } catch {
      // The directory is missing, or no watches are left. The poll remains and tries again.
    }
    // Catches changes from before the watch started.
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

/** A signature that changes with the file; `missing` if `stat` fails. Follows symbolic links. */
async function sign (path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(':')
  } catch {
    return 'missing'
  }
}
