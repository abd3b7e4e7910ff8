import type { watch } from 'node:fs'
import type { Clock } from '../clock.ts'
import { isRewritten, readSignature } from '../files/file-signature.ts'
import type { Signature } from '../files/file-signature.ts'
import { watchFolders } from '../files/watch-folders.ts'
import type { FolderWatch } from '../files/watch-folders.ts'
import type { BlockListInvalidError } from './errors.ts'
import type { LiveBlockList } from './live-block-list.ts'
import { readBlockFile } from './read-block-file.ts'

/** How long a file must stay unchanged before it is read, in milliseconds. */
const STILL = 30
/** The same for a file that is written in place: the writer may pause in the middle. */
const STILL_IN_PLACE = 120
/** How long a file must be invalid before that is reported: the writer may delete the file first. */
const WRONG = 200
/** Events come in bursts: how long they are collected, in milliseconds. */
const BURST = 5
/** Some file systems have a time resolution of two seconds: two changes within that time may look like one. */
const COARSE_TIME = 2_500
/** The longest poll interval if a folder cannot be watched, in milliseconds. */
const POLL_INSTEAD = 1_000

export interface FollowBlockOptions {
  readonly path: string
  readonly clock: Clock
  /** Milliseconds between polls. */
  readonly pollInterval: number
  /** False: polling only. */
  readonly events: boolean
  /** Default: `fs.watch`. */
  readonly watch?: typeof watch
}

/** What was read last. */
export interface FirstReading {
  readonly signature: Signature
  readonly digest: string
}

/**
 * Watches one file, as `FileFollower` watches the files of credentials. An event only starts a check; the signature of
 * the file decides whether it is read. One file is simpler than several that have to fit together. Nothing here keeps
 * the process alive.
 */
export class BlockFollower {
  readonly #list: LiveBlockList
  readonly #options: FollowBlockOptions
  readonly #folders: FolderWatch | undefined
  #digest: string
  /** The signatures of the file when it was last processed, and when it was last seen. */
  #processed: Signature
  #seen: Signature
  #seenAt = 0
  /** Whether to read the file again although its signature is unchanged. */
  #rereadRequested = false
  #watchedFor: string | undefined
  #reported: string | undefined
  #confirmed: string | undefined
  #checkTimer: NodeJS.Timeout | undefined
  #eventTimer: NodeJS.Timeout | undefined
  #cancelPoll = (): void => {}
  #cancelConfirm = (): void => {}
  #checking: Promise<void> | undefined
  #again = false

  constructor (list: LiveBlockList, first: FirstReading, options: FollowBlockOptions) {
    this.#list = list
    this.#options = options
    this.#digest = first.digest
    this.#processed = this.#seen = first.signature
    this.#folders = options.events ? this.#openFolders() : undefined
  }

  async start (): Promise<void> {
    this.#poll(await this.#watchFolders(this.#seen))
    // A change before the watch started sent no event. A change after it may not alter the coarse time of the file.
    this.#requestCheck()
    this.#confirmLater()
  }

  async close (): Promise<void> {
    clearTimeout(this.#checkTimer)
    clearTimeout(this.#eventTimer)
    this.#cancelPoll()
    this.#cancelConfirm()
    this.#folders?.close()
    await this.#checking
  }

  /** Records what `reload()` read. */
  note ({ signature, digest }: FirstReading): void {
    this.#processed = signature
    this.#digest = digest
    this.#rereadRequested = false
    this.#reported = undefined
    this.#confirmLater()
  }

  #openFolders (): FolderWatch {
    const { path, watch } = this.#options
    return watchFolders([path], {
      onEvent: () => {
        if (!this.#list.closed) this.#eventTimer ??= setTimeout(() => { this.#requestCheck() }, BURST).unref()
      },
      onFailure: ({ code = 'unknown' }, folder) => {
        const message = `Block list: cannot watch ${folder} (${code}); polling it every ${this.#pollInstead} ms instead`
        process.emitWarning(message, { code: 'PEERKIT_WATCH_FAILED' })
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
    if (this.#list.closed) return
    this.#cancelPoll = this.#options.clock.schedule(() => {
      this.#poll(isWatched)
      this.#requestCheck()
    }, isWatched ? this.#options.pollInterval : this.#pollInstead)
  }

  #requestCheck (): void {
    clearTimeout(this.#eventTimer)
    this.#eventTimer = undefined
    if (this.#list.closed) return
    // An event during a check is not lost: another check follows.
    this.#again = this.#checking !== undefined
    this.#checking ??= this.#check().catch(() => { this.#watchedFor = undefined }).finally(() => {
      this.#checking = undefined
      if (this.#again) this.#requestCheck()
    })
  }

  #checkAfter (delay: number): void {
    clearTimeout(this.#checkTimer)
    if (!this.#list.closed) this.#checkTimer = setTimeout(() => { this.#requestCheck() }, Math.ceil(delay)).unref()
  }

  async #watchFolders (signature: Signature): Promise<boolean> {
    this.#watchedFor = signature.text
    return await this.#folders?.rearm() ?? true
  }

  /** Reads the signature, after the current folders are watched. */
  async #readSignature (): Promise<Signature> {
    const paths = [this.#options.path]
    const signature = await readSignature(paths)
    if (signature.text === this.#watchedFor) return signature
    this.#poll(await this.#watchFolders(signature))
    return await readSignature(paths)
  }

  async #check (): Promise<void> {
    const signature = await this.#readSignature()
    if (signature.text !== this.#seen.text) {
      this.#seen = signature
      this.#seenAt = performance.now()
    }
    if (signature.text === this.#processed.text && !this.#rereadRequested) return
    const left = this.#seenAt + (isRewritten(this.#processed, signature) ? STILL_IN_PLACE : STILL) - performance.now()
    if (left > 0) this.#checkAfter(left)
    else await this.#read(signature)
  }

  async #read (signature: Signature): Promise<void> {
    const { path } = this.#options
    const read = await readBlockFile(path, this.#digest).catch((error: BlockListInvalidError) => error)
    if (this.#list.closed) return
    if ((await readSignature([path])).text !== signature.text) this.#checkAfter(STILL)
    else if (read instanceof Error) this.#fail(read, signature)
    else {
      this.note({ signature, digest: read.digest })
      if (read.entries !== undefined) this.#list.take(read.entries)
      this.#list.recover()
    }
  }

  #fail (error: BlockListInvalidError, signature: Signature): void {
    const left = this.#seenAt + WRONG - performance.now()
    if (left > 0) {
      this.#rereadRequested = true
      this.#checkAfter(left)
      return
    }
    this.#processed = signature
    // A file that cannot be read may be readable later. Invalid contents stay invalid.
    this.#rereadRequested = error.reason === 'unreadable'
    this.#confirmLater()
    if (error.message === this.#reported) return
    this.#reported = error.message
    this.#list.refuse(error)
  }

  /** Reads a file that changed recently once more, after the resolution of the coarsest file system clock. */
  #confirmLater (): void {
    const { changed = 0 } = this.#processed.files.get(this.#options.path) ?? {}
    // Once for each state of the file. The file system's clock may be ahead of ours, and would start this again and
    // again.
    if (Date.now() - changed > COARSE_TIME || this.#confirmed === this.#processed.text || this.#list.closed) return
    this.#confirmed = this.#processed.text
    this.#cancelConfirm()
    this.#cancelConfirm = this.#options.clock.schedule(() => {
      this.#rereadRequested = true
      this.#requestCheck()
    }, COARSE_TIME)
  }
}
