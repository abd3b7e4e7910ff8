import type { watch } from 'node:fs'
import { scheduleTimer, withTimeout } from '@peerkit/identity/internal'
import type { Schedule } from '@peerkit/identity/internal'
import { readSignature } from './file-signature.ts'
import type { Signature } from './file-signature.ts'
import { watchFolders } from './watch-folders.ts'
import type { FolderWatch } from './watch-folders.ts'

/** Events come in bursts: how long they are collected, in milliseconds. */
const BURST = 5
/** Some file systems have a time resolution of two seconds (ext3, FAT, NFS): two changes may look like one. */
const COARSE_TIME = 2_500
/** How long closing waits for a check that runs, in milliseconds. */
const PATIENCE = 1_000
/** The longest poll interval if a folder cannot be watched, in milliseconds. */
const POLL_INSTEAD = 1_000

interface PathWatchOptions {
  /** Schedules polls and second looks. */
  readonly schedule?: Schedule | undefined
  /** Milliseconds between polls. */
  readonly pollInterval: number
  /** False: polling only. */
  readonly events: boolean
  /** Default: `fs.watch`. */
  readonly watch?: typeof watch | undefined
  /** Called when a folder cannot be watched, with a sentence fragment. */
  readonly onFailure: (message: string) => void
  /** Looks at the files. Calls do not overlap. */
  readonly check: (signature: Signature) => Promise<void>
  /** Takes what `check` throws. */
  readonly onError: (error: unknown) => void
}

/**
 * Says when files may have changed: at events of their folders, at each poll, and once more after a change, for file
 * systems with coarse times. It keeps no process alive. What has to be read is decided by the caller, from the
 * signature of the files.
 */
export class PathWatch {
  readonly #paths: readonly string[]
  readonly #options: PathWatchOptions
  readonly #schedule: Schedule
  readonly #folders: FolderWatch | undefined
  #watchedFor: string | undefined
  #checkTimer: NodeJS.Timeout | undefined
  #eventTimer: NodeJS.Timeout | undefined
  #cancelPoll = (): void => {}
  #cancelSecondLook = (): void => {}
  #checking: Promise<void> | undefined
  #again = false
  #closed = false
  /** The state of the files for which there was, or will be, a second look. */
  #confirmed: string | undefined

  constructor (paths: readonly string[], options: PathWatchOptions) {
    this.#paths = paths
    this.#options = options
    this.#schedule = options.schedule ?? scheduleTimer
    this.#folders = options.events ? this.#openFolders() : undefined
  }

  /** Starts with a check: a change before the watch started sent no event. */
  async start (): Promise<void> {
    this.#poll(await this.#watchFolders(await readSignature(this.#paths)))
    this.request()
  }

  /** Checks now, or once more after the check that runs: an event during a check is not lost. */
  request (): void {
    clearTimeout(this.#eventTimer)
    this.#eventTimer = undefined
    if (this.#closed) return
    this.#again = this.#checking !== undefined
    this.#checking ??= this.#check().catch((error: unknown) => {
      // The next check watches the folders again.
      this.#watchedFor = undefined
      this.#options.onError(error)
    }).finally(() => {
      this.#checking = undefined
      if (this.#again) this.request()
    })
  }

  /** Checks after some milliseconds. A later call replaces the former. */
  requestAfter (delay: number): void {
    clearTimeout(this.#checkTimer)
    if (!this.#closed) this.#checkTimer = setTimeout(() => { this.request() }, Math.ceil(delay)).unref()
  }

  /**
   * Calls back once for a state of recently changed files, after the resolution of the coarsest file system clock: the
   * files may have changed again without a new signature.
   */
  lookAgain (signatures: readonly Signature[], look: () => void): void {
    const text = signatures.map((signature) => signature.text).join('\n')
    const newest = Math.max(...signatures.flatMap(({ files }) => [...files.values()]).map(({ changed }) => changed))
    // Only once for each state: if the clock of the file system is ahead, each look would start another one.
    if (Date.now() - newest > COARSE_TIME || this.#confirmed === text || this.#closed) return
    this.#confirmed = text
    this.#cancelSecondLook()
    this.#cancelSecondLook = this.#schedule(() => {
      look()
      this.request()
    }, COARSE_TIME)
  }

  /** Waits for a check that runs, but not for a file system that never answers. */
  async close (): Promise<void> {
    this.#closed = true
    clearTimeout(this.#checkTimer)
    clearTimeout(this.#eventTimer)
    this.#cancelPoll()
    this.#cancelSecondLook()
    this.#folders?.close()
    if (this.#checking !== undefined) await withTimeout(this.#checking, { timeout: PATIENCE, onTimeout: () => {} })
  }

  async #check (): Promise<void> {
    const signature = await readSignature(this.#paths)
    if (signature.text === this.#watchedFor) return await this.#options.check(signature)
    // The signature that counts is read after the current folders are watched.
    this.#poll(await this.#watchFolders(signature))
    await this.#options.check(await readSignature(this.#paths))
  }

  async #watchFolders (signature: Signature): Promise<boolean> {
    this.#watchedFor = signature.text
    return await this.#folders?.rearm() ?? true
  }

  #openFolders (): FolderWatch {
    const { watch, onFailure } = this.#options
    return watchFolders(this.#paths, {
      onEvent: () => {
        if (!this.#closed) this.#eventTimer ??= setTimeout(() => { this.request() }, BURST).unref()
      },
      onFailure: ({ code = 'unknown' }, folder) => {
        onFailure(`cannot watch ${folder} (${code}); polling it every ${this.#pollInstead} ms instead`)
        // Each poll tries to watch again.
        this.#watchedFor = undefined
        this.#poll(false)
      },
      ...(watch !== undefined && { watch })
    })
  }

  get #pollInstead (): number { return Math.min(this.#options.pollInterval, POLL_INSTEAD) }

  #poll (isWatched: boolean): void {
    this.#cancelPoll()
    if (this.#closed) return
    this.#cancelPoll = this.#schedule(() => {
      this.#poll(isWatched)
      this.request()
    }, isWatched ? this.#options.pollInterval : this.#pollInstead)
  }
}
