import type { watch } from 'node:fs'
import { backOff } from '../backoff.ts'
import type { Clock } from '../clock.ts'
import type { CheckedMaterial, CheckedTrust } from '../check-material.ts'
import { partsOf } from '../part.ts'
import type { Part } from '../part.ts'
import { closeAll } from '../revocation-checker.ts'
import { isRewritten, readSignature } from './file-signature.ts'
import type { Signature } from './file-signature.ts'
import type { FileLoader } from './load-files.ts'
import type { Followed } from './followed.ts'
import { ReloadState } from './reload-state.ts'
import { watchFolders } from './watch-folders.ts'
import type { FolderWatch } from './watch-folders.ts'

/** How long files must stay unchanged before they are read, in ms: enough for all files of a set to be written. */
const STILL = 30
/** The same for a file that is written in place: the writer may pause in the middle. */
const STILL_IN_PLACE = 150
/** Events come in bursts: how long they are collected, in milliseconds. */
const BURST = 5
/** Some file systems have a time resolution of two seconds (ext3, FAT, NFS): two changes may look like one. */
const COARSE_TIME = 2_500
/** The longest poll interval if a folder cannot be watched, in milliseconds. */
const POLL_INSTEAD = 1_000

export interface FollowOptions<Checked extends CheckedTrust = CheckedMaterial> {
  readonly loader: FileLoader<Checked>
  readonly clock: Clock
  /** Milliseconds between polls. */
  readonly pollInterval: number
  /** Milliseconds until files that do not fit together are reported. */
  readonly reportAfter: number
  /** False: polling only. */
  readonly events: boolean
  readonly watch?: typeof watch
}

/**
 * Reloads files when they change. An event only starts a check: the signature of all files together decides. The files
 * are read if their signature differs from the last one that was processed, is unchanged for a moment, and does not
 * change while they are read.
 */
export class FileFollower<Checked extends CheckedTrust = CheckedMaterial> {
  readonly #source: Followed<Checked>
  readonly #options: FollowOptions<Checked>
  readonly #folders: FolderWatch | undefined
  readonly #reloadState: ReloadState
  readonly #controller = new AbortController()
  /** Digests of the contents in use. */
  #digests: ReadonlyMap<Part, string>
  /** The signatures when the files were last processed, and when they were last seen. */
  #processed: Signature
  #seen: Signature
  #seenAt = 0
  #watchedFor: string | undefined
  #stillTimer: NodeJS.Timeout | undefined
  #eventTimer: NodeJS.Timeout | undefined
  #cancelPoll = (): void => {}
  #cancelRetry = (): void => {}
  #cancelConfirm = (): void => {}
  #checking: Promise<void> | undefined
  #again = false
  /** The signature whose files were, or will be, read a second time. */
  #confirmed: string | undefined

  constructor (
    source: Followed<Checked>, first: { signature: Signature, digests: ReadonlyMap<Part, string> },
    options: FollowOptions<Checked>
  ) {
    this.#source = source
    this.#options = options
    this.#digests = first.digests
    this.#processed = this.#seen = first.signature
    this.#reloadState = new ReloadState(source, options.clock, options.reportAfter)
    this.#folders = options.events ? this.#openFolders() : undefined
  }

  async start (): Promise<void> {
    const whole = await this.#watchFolders(this.#seen)
    this.#poll(whole)
    // A change before the watch started sent no event. A change after it may not alter the coarse time of the file.
    this.#requestCheck()
    this.#confirmLater()
  }

  /** Call when files were loaded without the follower. They are read again, in case they have changed since. */
  reloaded ({ signature, digests }: { signature: Signature, digests: ReadonlyMap<Part, string> }): void {
    this.#processed = signature
    this.#digests = digests
    this.#reloadState.requestReread()
    this.#requestCheck()
  }

  async close (): Promise<void> {
    this.#controller.abort()
    clearTimeout(this.#stillTimer)
    clearTimeout(this.#eventTimer)
    this.#cancelPoll()
    this.#cancelRetry()
    this.#cancelConfirm()
    this.#folders?.close()
    await this.#checking
  }

  #openFolders (): FolderWatch {
    const { loader, watch } = this.#options
    return watchFolders(loader.paths, {
      onEvent: () => { this.#checkSoon() },
      onFailure: ({ code = 'unknown' }, folder) => {
        const message = `cannot watch ${folder} (${code}); polling it every ${this.#pollInstead} ms instead`
        this.#source.warn(message)
        process.emitWarning(`Credentials: ${message}`, { code: 'PEERKIT_WATCH_FAILED' })
        // Each poll tries to watch again.
        this.#watchedFor = undefined
        this.#poll(false)
      },
      ...(watch !== undefined && { watch })
    })
  }

  get #pollInstead (): number { return Math.min(this.#options.pollInterval, POLL_INSTEAD) }

  #poll (whole: boolean): void {
    this.#cancelPoll()
    if (this.#source.closed) return
    this.#cancelPoll = this.#options.clock.schedule(() => {
      this.#poll(whole)
      this.#requestCheck()
    }, whole ? this.#options.pollInterval : this.#pollInstead)
  }

  #checkSoon (): void {
    if (this.#source.closed) return
    this.#eventTimer ??= setTimeout(() => {
      this.#eventTimer = undefined
      this.#requestCheck()
    }, BURST).unref()
  }

  #requestCheck (): void {
    if (this.#source.closed) return
    // An event during a check is not lost: another check follows.
    if (this.#checking !== undefined) {
      this.#again = true
      return
    }
    const onError = (error: unknown): void => { this.#fail(error as Error) }
    this.#checking = this.#check().catch(onError).finally(() => {
      this.#checking = undefined
      if (this.#again) {
        this.#again = false
        this.#requestCheck()
      }
    })
  }

  async #watchFolders (signature: Signature): Promise<boolean> {
    this.#watchedFor = signature.text
    return await this.#folders?.rearm() ?? true
  }

  /** Reads the signature, after the current folders are watched. */
  async #readSignature (): Promise<Signature> {
    const signature = await readSignature(this.#options.loader.paths)
    if (signature.text === this.#watchedFor) return signature
    this.#poll(await this.#watchFolders(signature))
    return await readSignature(this.#options.loader.paths)
  }

  async #check (): Promise<void> {
    const signature = await this.#readSignature()
    if (signature.text !== this.#seen.text) {
      this.#seen = signature
      this.#seenAt = performance.now()
      this.#reloadState.filesChanged()
    }
    if (signature.text === this.#processed.text && !this.#reloadState.needsReread) return
    const left = this.#seenAt + (isRewritten(this.#processed, signature) ? STILL_IN_PLACE : STILL) - performance.now()
    if (left > 0) this.#checkAfter(left)
    else await this.#options.loader.turns.run(async () => { await this.#load(signature) })
  }

  async #load (signature: Signature): Promise<void> {
    const { loader } = this.#options
    const before = { source: this.#source, digests: this.#digests }
    const { signal } = this.#controller
    const { checked, checkers, digests, refusals } = await loader.load(signature, { before, signal })
    if (this.#source.closed || (await readSignature(loader.paths)).text !== signature.text) {
      // Changed while we read: the contents may be a mix of two versions.
      closeAll(checkers)
      this.#checkAfter(STILL)
      return
    }
    loader.remember()
    this.#processed = signature
    if (checked !== undefined) this.#source.take(checked, checkers)
    this.#digests = digests
    this.#source.recover(refusals)
    this.#recordRefusals(refusals)
    this.#confirmLater()
  }

  /** Records refusals, and schedules the next read if there are any. */
  #recordRefusals (refusals: ReadonlyMap<Part, Error>): void {
    const failures = this.#reloadState.recordRefusals(refusals)
    this.#cancelRetry()
    if (failures === 0) return
    const delay = backOff(failures, { first: 250, longest: 30_000, random: Math.random })
    const wait = Math.min(delay, this.#reloadState.untilReport)
    this.#cancelRetry = this.#options.clock.schedule(() => { this.#requestCheck() }, wait)
  }

  #checkAfter (delay: number): void {
    clearTimeout(this.#stillTimer)
    if (!this.#source.closed) this.#stillTimer = setTimeout(() => { this.#requestCheck() }, Math.ceil(delay)).unref()
  }

  /** Reads files that changed recently once more, after the resolution of the coarsest file system clock. */
  #confirmLater (): void {
    const { clock, loader } = this.#options
    const newest = Math.max(...[...this.#processed.files.values()].map(({ changed }) => changed))
    // Once for each state of the file. The file system's clock may be ahead of ours, and would start this again and
    // again.
    if (Date.now() - newest > COARSE_TIME || this.#confirmed === this.#processed.text || this.#source.closed) return
    this.#confirmed = this.#processed.text
    this.#cancelConfirm()
    this.#cancelConfirm = clock.schedule(() => {
      loader.forget()
      this.#reloadState.requestReread()
      this.#requestCheck()
    }, COARSE_TIME)
  }

  #fail (error: Error): void {
    if (this.#source.closed) return
    this.#processed = this.#seen
    this.#recordRefusals(new Map(partsOf(error).map((part) => [part, error])))
  }
}
