import type { watch } from 'node:fs'
import type { Clock } from '../clock.ts'
import { isRewritten, readSignature } from '../files/file-signature.ts'
import type { Signature } from '../files/file-signature.ts'
import { watchFolders } from '../files/watch-folders.ts'
import type { FolderWatch } from '../files/watch-folders.ts'
import type { BlockListInvalidError } from './errors.ts'
import type { LiveBlockList } from './live-block-list.ts'
import { readBlockFile } from './read-block-file.ts'

/** How long a file must lie still before it is read, in milliseconds. */
const STILL = 30
/** The same for a file that is written to where it lies: a writer may pause in the middle. */
const STILL_IN_PLACE = 120
/** How long a file must have been wrong before that is said: a writer may remove the file first. */
const WRONG = 200
/** Events come in flocks: this long they are gathered. */
const FLOCK = 5
/** A file system may tell time by the second or two: a change within that time of the last may look like none. */
const COARSE_TIME = 2_500
/** How often to look where a folder cannot be watched, at least. */
const POLL_INSTEAD = 1_000

export interface FollowBlockOptions {
  readonly path: string
  readonly clock: Clock
  /** Milliseconds between looks besides events. */
  readonly pollInterval: number
  /** False: polling alone. */
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
 * Follows one file as `FileFollower` follows the files of credentials. An event only says "look"; the file's signature
 * decides whether it is read. One file is simpler than several, which have to fit together. Nothing here keeps the
 * process alive.
 */
export class BlockFollower {
  readonly #list: LiveBlockList
  readonly #options: FollowBlockOptions
  readonly #folders: FolderWatch | undefined
  #digest: string
  /** Of the file as it was judged last, and as it was seen last. */
  #judged: Signature
  #seen: Signature
  #seenAt = 0
  /** Whether a file that looks as before is to be read again. */
  #rereadRequested = false
  #armedFor: string | undefined
  #reported: string | undefined
  #confirmed: string | undefined
  #lookTimer: NodeJS.Timeout | undefined
  #eventTimer: NodeJS.Timeout | undefined
  #cancelPoll = (): void => {}
  #cancelConfirm = (): void => {}
  #looking: Promise<void> | undefined
  #again = false

  constructor (list: LiveBlockList, first: FirstReading, options: FollowBlockOptions) {
    this.#list = list
    this.#options = options
    this.#digest = first.digest
    this.#judged = this.#seen = first.signature
    this.#folders = options.events ? this.#openFolders() : undefined
  }

  async start (): Promise<void> {
    this.#poll(await this.#rearm(this.#seen))
    // A change between the first reading and the watch has sent no event. One that the file system's clock could not
    // tell may follow.
    this.#look()
    this.#confirmLater()
  }

  async close (): Promise<void> {
    clearTimeout(this.#lookTimer)
    clearTimeout(this.#eventTimer)
    this.#cancelPoll()
    this.#cancelConfirm()
    this.#folders?.close()
    await this.#looking
  }

  /** Takes note of what was read by others. */
  note ({ signature, digest }: FirstReading): void {
    this.#judged = signature
    this.#digest = digest
    this.#rereadRequested = false
    this.#reported = undefined
    this.#confirmLater()
  }

  #openFolders (): FolderWatch {
    const { path, watch } = this.#options
    return watchFolders([path], {
      onEvent: () => {
        if (!this.#list.closed) this.#eventTimer ??= setTimeout(() => { this.#look() }, FLOCK).unref()
      },
      onFailure: ({ code = 'unknown' }, folder) => {
        const message = `Block list: cannot watch ${folder} (${code}): looking every ${this.#pollInstead} ms instead`
        process.emitWarning(message, { code: 'PEERKIT_WATCH_FAILED' })
        // Each look tries to watch again.
        this.#armedFor = undefined
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
      this.#look()
    }, isWatched ? this.#options.pollInterval : this.#pollInstead)
  }

  #look (): void {
    clearTimeout(this.#eventTimer)
    this.#eventTimer = undefined
    if (this.#list.closed) return
    // An event during a look is not lost: another look follows.
    this.#again = this.#looking !== undefined
    this.#looking ??= this.#judge().catch(() => { this.#armedFor = undefined }).finally(() => {
      this.#looking = undefined
      if (this.#again) this.#look()
    })
  }

  #lookAfter (delay: number): void {
    clearTimeout(this.#lookTimer)
    if (!this.#list.closed) this.#lookTimer = setTimeout(() => { this.#look() }, Math.ceil(delay)).unref()
  }

  async #rearm (signature: Signature): Promise<boolean> {
    this.#armedFor = signature.text
    return await this.#folders?.rearm() ?? true
  }

  /** The signature of now, with the folders of now being watched before it is taken. */
  async #readSignature (): Promise<Signature> {
    const paths = [this.#options.path]
    const signature = await readSignature(paths)
    if (signature.text === this.#armedFor) return signature
    this.#poll(await this.#rearm(signature))
    return await readSignature(paths)
  }

  async #judge (): Promise<void> {
    const signature = await this.#readSignature()
    if (signature.text !== this.#seen.text) {
      this.#seen = signature
      this.#seenAt = performance.now()
    }
    if (signature.text === this.#judged.text && !this.#rereadRequested) return
    const left = this.#seenAt + (isRewritten(this.#judged, signature) ? STILL_IN_PLACE : STILL) - performance.now()
    if (left > 0) this.#lookAfter(left)
    else await this.#read(signature)
  }

  async #read (signature: Signature): Promise<void> {
    const { path } = this.#options
    const read = await readBlockFile(path, this.#digest).catch((error: BlockListInvalidError) => error)
    if (this.#list.closed) return
    if ((await readSignature([path])).text !== signature.text) this.#lookAfter(STILL)
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
      this.#lookAfter(left)
      return
    }
    this.#judged = signature
    // What could not be read may be readable at the next look; the same content stays wrong.
    this.#rereadRequested = error.reason === 'unreadable'
    this.#confirmLater()
    if (error.message === this.#reported) return
    this.#reported = error.message
    this.#list.refuse(error)
  }

  /** A file that changed a moment ago is read once more when the coarsest clock has moved on. */
  #confirmLater (): void {
    const { changed = 0 } = this.#judged.files.get(this.#options.path) ?? {}
    // Once for each state of the file. The file system's clock may be ahead of ours, and would start this again and again.
    if (Date.now() - changed > COARSE_TIME || this.#confirmed === this.#judged.text || this.#list.closed) return
    this.#confirmed = this.#judged.text
    this.#cancelConfirm()
    this.#cancelConfirm = this.#options.clock.schedule(() => {
      this.#rereadRequested = true
      this.#look()
    }, COARSE_TIME)
  }
}
