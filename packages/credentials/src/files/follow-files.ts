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

/**
 * How long files must lie still before they are read, in milliseconds: long enough for the other files of a set, too
 * short to be noticed.
 */
const STILL = 30
/** The same for a file that is written to where it lies: a writer may pause in the middle. */
const STILL_IN_PLACE = 150
/** Events come in flocks: this long they are gathered, in milliseconds. */
const FLOCK = 5
/**
 * A file system may tell time by the second or two (ext3, FAT, NFS): a change within that time of the last may look
 * like none.
 */
const COARSE_TIME = 2_500
/** How often to look where a folder cannot be watched, in milliseconds. */
const POLL_INSTEAD = 1_000

export interface FollowOptions<Checked extends CheckedTrust = CheckedMaterial> {
  readonly loader: FileLoader<Checked>
  readonly clock: Clock
  /** Milliseconds between looks besides events. */
  readonly pollInterval: number
  /** Milliseconds for which files may not fit together before it is said. */
  readonly reportAfter: number
  /** False: polling alone. */
  readonly events: boolean
  readonly watch?: typeof watch
}

/**
 * Follows files. Events only say "look": what counts is the signature of all files together. It must be another than
 * the one last judged, must lie still for a moment, and must not have moved while the files were read.
 */
export class FileFollower<Checked extends CheckedTrust = CheckedMaterial> {
  readonly #source: Followed<Checked>
  readonly #options: FollowOptions<Checked>
  readonly #folders: FolderWatch | undefined
  readonly #reloadState: ReloadState
  readonly #controller = new AbortController()
  /** Of the contents in force. */
  #digests: ReadonlyMap<Part, string>
  /** Of the files as they were judged last, and as they were seen last. */
  #judged: Signature
  #seen: Signature
  #seenAt = 0
  #armedFor: string | undefined
  #stillTimer: NodeJS.Timeout | undefined
  #eventTimer: NodeJS.Timeout | undefined
  #cancelPoll = (): void => {}
  #cancelRetry = (): void => {}
  #cancelConfirm = (): void => {}
  #looking: Promise<void> | undefined
  #again = false
  /** The signature that was, or will be, read a second time. */
  #confirmed: string | undefined

  constructor (source: Followed<Checked>, first: { signature: Signature, digests: ReadonlyMap<Part, string> }, options: FollowOptions<Checked>) {
    this.#source = source
    this.#options = options
    this.#digests = first.digests
    this.#judged = this.#seen = first.signature
    this.#reloadState = new ReloadState(source, options.clock, options.reportAfter)
    this.#folders = options.events ? this.#openFolders() : undefined
  }

  async start (): Promise<void> {
    const whole = await this.#rearm(this.#seen)
    this.#poll(whole)
    // A change between the first load and the watch has sent no event; one that the file system's clock could not tell
    // may follow.
    this.#look()
    this.#confirmLater()
  }

  async close (): Promise<void> {
    this.#controller.abort()
    clearTimeout(this.#stillTimer)
    clearTimeout(this.#eventTimer)
    this.#cancelPoll()
    this.#cancelRetry()
    this.#cancelConfirm()
    this.#folders?.close()
    await this.#looking
  }

  #openFolders (): FolderWatch {
    const { loader, watch } = this.#options
    return watchFolders(loader.paths, {
      onEvent: () => { this.#lookSoon() },
      onFailure: ({ code = 'unknown' }, folder) => {
        const message = `cannot watch ${folder} (${code}): looking every ${this.#pollInstead} ms instead`
        this.#source.warn(message)
        process.emitWarning(`Credentials: ${message}`, { code: 'PEERKIT_WATCH_FAILED' })
        // Each look tries to watch again.
        this.#armedFor = undefined
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
      this.#look()
    }, whole ? this.#options.pollInterval : this.#pollInstead)
  }

  #lookSoon (): void {
    if (this.#source.closed) return
    this.#eventTimer ??= setTimeout(() => {
      this.#eventTimer = undefined
      this.#look()
    }, FLOCK).unref()
  }

  #look (): void {
    if (this.#source.closed) return
    // An event during a look is not lost: another look follows.
    if (this.#looking !== undefined) {
      this.#again = true
      return
    }
    this.#looking = this.#judge().catch((error: unknown) => { this.#fail(error as Error) }).finally(() => {
      this.#looking = undefined
      if (this.#again) {
        this.#again = false
        this.#look()
      }
    })
  }

  async #rearm (signature: Signature): Promise<boolean> {
    this.#armedFor = signature.text
    return await this.#folders?.rearm() ?? true
  }

  /** The signature of now, with the folders of now being watched before it is taken. */
  async #readSignature (): Promise<Signature> {
    const signature = await readSignature(this.#options.loader.paths)
    if (signature.text === this.#armedFor) return signature
    this.#poll(await this.#rearm(signature))
    return await readSignature(this.#options.loader.paths)
  }

  async #judge (): Promise<void> {
    const signature = await this.#readSignature()
    if (signature.text !== this.#seen.text) {
      this.#seen = signature
      this.#seenAt = performance.now()
      this.#reloadState.filesChanged()
    }
    if (signature.text === this.#judged.text && !this.#reloadState.needsReread) return
    const left = this.#seenAt + (isRewritten(this.#judged, signature) ? STILL_IN_PLACE : STILL) - performance.now()
    if (left > 0) this.#lookAfter(left)
    else await this.#load(signature)
  }

  async #load (signature: Signature): Promise<void> {
    const { loader } = this.#options
    const before = { source: this.#source, digests: this.#digests }
    const { checked, checkers, digests, refusals } = await loader.load(signature, { before, signal: this.#controller.signal })
    if (this.#source.closed || (await readSignature(loader.paths)).text !== signature.text) {
      // Written while we read: what we hold may be half of each.
      closeAll(checkers)
      this.#lookAfter(STILL)
      return
    }
    this.#judged = signature
    this.#digests = digests
    if (checked !== undefined) this.#source.take(checked, checkers)
    this.#source.recover(refusals)
    this.#note(refusals)
    this.#confirmLater()
  }

  /** Says what was refused, and looks again where there is any. */
  #note (refusals: ReadonlyMap<Part, Error>): void {
    const failures = this.#reloadState.note(refusals)
    this.#cancelRetry()
    if (failures === 0) return
    const delay = backOff(failures, { first: 250, longest: 30_000, random: Math.random })
    this.#cancelRetry = this.#options.clock.schedule(() => { this.#look() }, Math.min(delay, this.#reloadState.untilReport))
  }

  #lookAfter (delay: number): void {
    clearTimeout(this.#stillTimer)
    if (!this.#source.closed) this.#stillTimer = setTimeout(() => { this.#look() }, Math.ceil(delay)).unref()
  }

  /** Files that changed a moment ago are read once more, whole, when the coarsest clock has moved on. */
  #confirmLater (): void {
    const { clock, loader } = this.#options
    const newest = Math.max(...[...this.#judged.files.values()].map(({ changed }) => changed))
    // Once for each state of the file. The file system's clock may be ahead of ours, and would start this again and
    // again.
    if (Date.now() - newest > COARSE_TIME || this.#confirmed === this.#judged.text || this.#source.closed) return
    this.#confirmed = this.#judged.text
    this.#cancelConfirm()
    this.#cancelConfirm = clock.schedule(() => {
      loader.forget()
      this.#reloadState.requestReread()
      this.#look()
    }, COARSE_TIME)
  }

  #fail (error: Error): void {
    if (this.#source.closed) return
    this.#judged = this.#seen
    this.#note(new Map(partsOf(error).map((part) => [part, error])))
  }
}
