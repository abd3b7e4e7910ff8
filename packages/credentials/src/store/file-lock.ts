import { randomUUID } from 'node:crypto'
import { open, readFile, rm, stat, utimes } from 'node:fs/promises'
import type { Clock } from '../clock.ts'

/** How often the holder says that it lives, in milliseconds. */
const BEAT = 2_000
/** A lock of which nothing was heard for this long is that of a process that died or hangs. */
const DEAD_AFTER = 10_000

/**
 * A lock that a file is. Its holder touches it again and again. An instance that has seen it untouched for ten seconds
 * takes it: no two clocks are compared. Two may take it at once, and a holder that hung may wake up. That costs a call
 * of the issuer and nothing else, because what is stored is replaced as a whole.
 */
export class FileLock {
  readonly #path: string
  readonly #clock: Clock
  /** What was seen of the lock of another one, and when first. */
  #seen: { readonly mark: string, readonly since: number } | undefined

  constructor (path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
  }

  /** @returns a function that gives it back; undefined if another one has it */
  async take (): Promise<(() => Promise<void>) | undefined> {
    const token = randomUUID()
    if (!await this.#create(token)) {
      if (!await this.#isDead()) return undefined
      await rm(this.#path, { force: true })
      if (!await this.#create(token)) return undefined
    }
    this.#seen = undefined
    const stop = this.#beat()
    return async () => {
      stop()
      // If this process hung for long, another one has the lock now.
      if (await readFile(this.#path, 'utf8').catch(() => undefined) === token) await rm(this.#path, { force: true })
    }
  }

  async #create (token: string): Promise<boolean> {
    try {
      const handle = await open(this.#path, 'wx', 0o600)
      try {
        await handle.writeFile(token)
      } finally {
        await handle.close()
      }
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      // A disk that is full has room for an empty file.
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') await rm(this.#path, { force: true })
      throw error
    }
  }

  async #isDead (): Promise<boolean> {
    const found = await stat(this.#path).catch(() => undefined)
    if (found === undefined) return true
    const mark = `${found.ino} ${found.mtimeMs}`
    const now = this.#clock.now()
    if (this.#seen?.mark !== mark) this.#seen = { mark, since: now }
    return now - this.#seen.since >= DEAD_AFTER
  }

  #beat (): () => void {
    let cancel = (): void => {}
    const next = (): void => {
      cancel = this.#clock.schedule(() => {
        const now = new Date()
        // Another process may have taken it. It is disturbed for a short time only.
        utimes(this.#path, now, now).catch(() => {})
        next()
      }, BEAT)
    }
    next()
    return () => { cancel() }
  }
}
