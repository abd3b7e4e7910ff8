import { randomUUID } from 'node:crypto'
import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import {
  checkOption, count, defineOptions, FileUnreadableError, readBounded, required, scheduleTimer, text
} from '@peerkit/identity/internal'
import { CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { CredentialsOptionError, CredentialsUnavailableError } from '../errors.ts'
import type { CertificateStore, StoreQuestion } from './certificate-store.ts'
import { FileLock } from './file-lock.ts'

/** Options of `fileStore`. */
export interface FileStoreOptions {
  /**
   * The permissions of the file. A file that allows more is not used. Default 0o600: its owner alone. 0o660 is for
   * instances of several users of one group, and for volumes of Kubernetes with `fsGroup`.
   */
  readonly mode?: number | undefined
  /** The clock of the lock. Default: a clock of the system that nobody can set. */
  readonly clock?: Clock | undefined
}

/** A certificate with its chain and CRLs. */
const MAX_BYTES = 64 * 1024 * 1024
/** Never is the file writable or readable for everybody. */
const MODE = count({ most: 0o770 })
const OPTIONS = defineOptions<FileStoreOptions>('fileStore', CredentialsOptionError, { mode: MODE, clock: CLOCK })
/** Its time is not that of the day, so nobody can set it. */
const STEADY: Clock = { now: () => performance.now(), schedule: scheduleTimer }

/**
 * Keeps the certificate and key of `renewingCredentials` in a file, for the next start, and for all processes of this
 * machine that share them: one renews at a time, the others take what it got.
 *
 * Key and certificate are in one file, which is replaced at once: a reader sees the former pair or the new one. The
 * file is refused if others than its owner can read or write it, or if others can write its folder.
 *
 * @param path the file. Next to it are `PATH.lock` while an instance renews, and the new file while it is written
 * @throws CredentialsOptionError if an option is missing, unknown or wrong
 * @example
 * ```ts
 * const issue = async () => { // asks your CA
 *   const { chain, key } = await ca.issue({ cn: 'ledger' })
 *   return { cert: chain, key }
 * }
 * const source = await renewingCredentials({ issue }, { ca: ca.root, store: fileStore('identity.json') })
 * await source.close()
 * ```
 */
export function fileStore (path: string, options: FileStoreOptions = {}): CertificateStore {
  checkOption(path, required(text('a path')), 'path', CredentialsOptionError)
  OPTIONS.check(options)
  const { mode = 0o600, clock = STEADY } = options
  return new FileStore(resolve(path), mode, clock)
}

class FileStore implements CertificateStore {
  readonly name: string
  readonly #path: string
  readonly #mode: number
  readonly #lock: FileLock

  constructor (path: string, mode: number, clock: Clock) {
    this.name = path
    this.#path = path
    this.#mode = mode
    this.#lock = new FileLock(`${path}.lock`, clock)
  }

  async load ({ signal }: StoreQuestion): Promise<string | undefined> {
    await this.#checkFolder()
    const found = await stat(this.#path).catch(ignoreMissing)
    if (found === undefined) return undefined
    this.#checkFile(found)
    try {
      return (await readBounded(this.#path, { maxBytes: MAX_BYTES, signal })).toString()
    } catch (error) {
      if (!(error instanceof FileUnreadableError)) throw error
      throw unusable(this.#path, `found ${error.found}; expected a file that can be read`, error.cause)
    }
  }

  async save (content: string): Promise<void> {
    await this.#checkFolder()
    await this.#removeLeftovers()
    const temporary = `${this.#path}.${randomUUID()}.new`
    try {
      const handle = await open(temporary, 'wx', 0o600)
      try {
        // The mask of the process takes nothing from the mode, and adds nothing.
        await handle.chmod(this.#mode)
        await handle.writeFile(content)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, this.#path)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw error
    }
  }

  async lock (): Promise<(() => Promise<void>) | undefined> {
    await this.#checkFolder()
    return await this.#lock.take()
  }

  /** Who can write the folder can replace the file. */
  async #checkFolder (): Promise<void> {
    const folder = dirname(this.#path)
    const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
      throw unusable(folder, `found ${error.code ?? 'an error'}; expected the folder of the store`, error)
    })
    const { mode } = found
    if (!found.isDirectory()) throw unusable(folder, 'found a file; expected the folder of the store')
    if ((mode & 0o002) === 0) return
    throw unusable(folder, `found mode ${octal(mode)}; expected a folder that others cannot write`)
  }

  #checkFile ({ mode, uid }: Stats): void {
    // Windows has no such permissions.
    if (process.geteuid === undefined) return
    const more = mode & 0o777 & ~this.#mode
    if (more !== 0) {
      throw unusable(this.#path, `found mode ${octal(mode)}; expected ${octal(this.#mode)} or less, as it has a key`)
    }
    const isOurs = uid === process.geteuid() || uid === 0 || (this.#mode & 0o070) !== 0
    if (!isOurs) throw unusable(this.#path, `found a file of the user ${uid}; expected one of ${process.geteuid()}`)
  }

  /** New files of processes that died while they wrote them: they have keys. */
  async #removeLeftovers (): Promise<void> {
    const [folder, start] = [dirname(this.#path), `${basename(this.#path)}.`]
    const names = (await readdir(folder)).filter((name) => name.startsWith(start) && /\.[\da-f-]{36}\.new$/.test(name))
    for (const name of names) await rm(join(folder, name), { force: true })
  }
}

/** @throws what is not that there is no such file */
function ignoreMissing (error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function unusable (path: string, problem: string, cause?: unknown): CredentialsUnavailableError {
  return new CredentialsUnavailableError('file', `${path}: ${problem}`, cause === undefined ? {} : { cause })
}

function octal (mode: number): string { return `0${(mode & 0o777).toString(8)}` }
