import { randomUUID } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { MTLS_ERR_DEV_CA_STATE } from './errors.ts'

const LOCK = 'lock'
/** Of a holder on another machine nobody can tell whether it lives: what is done under the lock takes far less. */
const STALE_AFTER = 30_000
const RETRY_AFTER = 20

export interface LockOptions {
  /** How long to wait for another holder, in milliseconds. Default 10,000. */
  readonly wait?: number
}

interface Holder { readonly pid: number, readonly host: string, readonly token: string }

/**
 * Runs an operation while no other process (nor another run in this one) works on the folder. A lock whose process is gone is broken at once, one of another machine after 30 seconds.
 *
 * @throws MTLS_ERR_DEV_CA_STATE where another holder does not let go in time
 */
export async function withFolderLock<Result> (folder: string, run: () => Promise<Result>, { wait = 10_000 }: LockOptions = {}): Promise<Result> {
  const path = join(folder, LOCK)
  const own = JSON.stringify({ pid: process.pid, host: hostname(), token: randomUUID() })
  await acquire(path, own, Date.now() + wait)
  try {
    return await run()
  } finally {
    // Ours only: it may have been broken, were we suspended for long.
    if (await readLock(path) === own) await rm(path, { force: true })
  }
}

async function acquire (path: string, own: string, until: number): Promise<void> {
  while (!await create(path, own)) {
    if (await isStale(path)) await breakLock(path)
    else if (Date.now() >= until) throw new MTLS_ERR_DEV_CA_STATE(`${path} is held by ${describeHolder(await readLock(path))}; try again when that is done, or remove the file if it never will be`)
    else await delay(RETRY_AFTER * (0.5 + Math.random()))
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
 * Removes a lock that is stale. Between finding that and removing it another process might have done the same and taken the lock: whoever breaks one holds a second lock meanwhile, and looks again.
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
  // What is empty may be half-written; what cannot be read is judged by its age too.
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
    // EPERM: there is one, of another user.
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
