import { randomUUID } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DevCaStateError } from '../errors.ts'

const LOCK = 'lock'
/**
 * The age at which a lock of another machine is removed: whether that process still runs is unknown. The operations
 * under the lock take far less time.
 */
const STALE_AFTER = 30_000
const RETRY_AFTER = 20

/** Options of {@link updateDevCa}. */
export interface LockOptions {
  /** How long to wait for another process, in milliseconds. Default 10,000. */
  readonly wait?: number
}

interface Holder { readonly pid: number, readonly host: string, readonly token: string }

/**
 * Runs an operation under the lock of a folder, which excludes other processes and other calls in this process. The
 * lock of a process that has ended is removed at once, that of another machine after 30 seconds.
 *
 * @throws DevCaStateError if the lock is not released in time
 */
export async function withFolderLock<Result> (
  folder: string,
  run: () => Promise<Result>,
  { wait = 10_000 }: LockOptions = {}
): Promise<Result> {
  const path = join(folder, LOCK)
  const own = JSON.stringify({ pid: process.pid, host: hostname(), token: randomUUID() })
  await acquire(path, own, Date.now() + wait)
  try {
    return await run()
  } finally {
    // Only the own lock: if this process was suspended for long, another one may hold the lock now.
    if (await readLock(path) === own) await rm(path, { force: true })
  }
}

async function acquire (path: string, own: string, until: number): Promise<void> {
  while (!await create(path, own)) {
    if (await isStale(path)) await breakLock(path)
    else if (Date.now() >= until) {
      throw new DevCaStateError(
      `${path} is held by ${describeHolder(await readLock(path))}; try again later, or remove the file if ` +
        'that process does not run any more'
      )
    } else await delay(RETRY_AFTER * (0.5 + Math.random()))
  }
}

async function create (path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Removes a stale lock. Another process may do the same and take the lock before this one removes it. So the lock is
 * checked again and removed under a second lock.
 */
async function breakLock (path: string): Promise<void> {
  const breaker = `${path}.break`
  if (!await create(breaker, '')) {
    if (await isOld(breaker)) await rm(breaker, { force: true })
    return await delay(RETRY_AFTER)
  }
  try {
    if (await isStale(path)) await rm(path, { force: true })
  } finally {
    await rm(breaker, { force: true })
  }
}

async function isStale (path: string): Promise<boolean> {
  const holder = parseHolder(await readLock(path))
  // An empty file may be half-written. A file that cannot be parsed is stale only when it is old.
  return holder?.host === hostname() ? !isAlive(holder.pid) : await isOld(path)
}

async function isOld (path: string): Promise<boolean> {
  return await stat(path).then(({ mtimeMs }) => Date.now() - mtimeMs > STALE_AFTER, () => false)
}

function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function readLock (path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined)
}

function parseHolder (text: string | undefined): Holder | undefined {
  try {
    const holder = JSON.parse(text ?? '') as Holder
    return Number.isSafeInteger(holder.pid) && holder.pid > 0 && typeof holder.host === 'string' ? holder : undefined
  } catch {
    return undefined
  }
}

function describeHolder (text: string | undefined): string {
  const holder = parseHolder(text)
  return holder === undefined ? 'an unknown process' : `process ${holder.pid} on ${JSON.stringify(holder.host)}`
}
