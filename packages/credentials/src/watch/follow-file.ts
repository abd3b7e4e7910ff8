import type { watch } from 'node:fs'
import type { Schedule } from '@peerkit/identity/internal'
import { readSignature, see, untilStill } from './file-signature.ts'
import type { Seen, Signature } from './file-signature.ts'
import { PathWatch } from './path-watch.ts'

/** How long a file must stay unchanged before it is read, in milliseconds. */
const STILL = 30
/** The same for a file that is written in place: the writer may pause in the middle. */
const STILL_IN_PLACE = 120
/** How long a file must be invalid before that is reported: the writer may delete the file first. */
const WRONG = 200

export interface FollowFileOptions<Content> {
  readonly path: string
  /** What the file is, for warnings. */
  readonly what: string
  readonly schedule?: Schedule | undefined
  /** Milliseconds between polls. */
  readonly pollInterval: number
  /** Milliseconds without a change before the file is read. Default 30; at least 120 if it is written in place. */
  readonly still?: number | undefined
  /** False: polling only. */
  readonly events: boolean
  /** Default: `fs.watch`. */
  readonly watch?: typeof watch | undefined
  /** Reads and checks the file. The signal is aborted when the follower is closed. */
  readonly load: (signal: AbortSignal) => Promise<Content>
  /** Uses what was read. Throws or rejects if it cannot be used. */
  readonly take: (content: Content) => void | Promise<void>
  /** Told once of each refusal, with the signature of the file. What was in use stays in use. */
  readonly refuse: (error: Error, signature: Signature) => void
  /** Whether the file may pass later although it does not change: it could not be read. Then it is read again. */
  readonly mayPass: (error: Error) => boolean
  /** Whether a refusal is final, so that the file is not read once more before it is told. Default: none is. */
  readonly isFinal?: ((error: Error) => boolean) | undefined
}

/**
 * Follows one file: reads it when it has changed and stays unchanged for a moment, and again if it changes while it is
 * read. Several files that have to fit together are followed by `FileFollower`.
 */
export class FollowedFile<Content> {
  readonly #options: FollowFileOptions<Content>
  readonly #watch: PathWatch
  readonly #controller = new AbortController()
  /** The signatures of the file when it was last processed, and when it was last seen. */
  #processed: Signature
  #seen: Seen
  /** Whether to read the file again although its signature is unchanged. */
  #rereadRequested = false
  #reported: string | undefined

  /** @param first the signature of the file when it was read for the first time */
  constructor (first: Signature, options: FollowFileOptions<Content>) {
    this.#options = options
    this.#processed = first
    this.#seen = { signature: first, at: 0 }
    this.#watch = new PathWatch([options.path], {
      ...options,
      onFailure: (message) => {
        process.emitWarning(`${options.what}: ${message}`, { code: 'PEERKIT_WATCH_FAILED' })
      },
      check: async (signature) => { await this.#check(signature) },
      // The signature could not be read. Each poll tries again.
      onError: () => {}
    })
  }

  async start (): Promise<void> {
    await this.#watch.start()
    this.#lookAgain()
  }

  /** Records that the file was read in this state without the follower, as by `reload()`. */
  note (signature: Signature): void {
    this.#processed = signature
    this.#rereadRequested = false
    this.#reported = undefined
    this.#lookAgain()
  }

  async close (): Promise<void> {
    this.#controller.abort()
    await this.#watch.close()
  }

  async #check (signature: Signature): Promise<void> {
    this.#seen = see(signature, this.#seen)
    if (signature.text === this.#processed.text && !this.#rereadRequested) return
    const { still = STILL } = this.#options
    const left = untilStill(this.#seen, this.#processed, { still, inPlace: Math.max(still, STILL_IN_PLACE) })
    if (left > 0) this.#watch.requestAfter(left)
    else await this.#read(signature)
  }

  async #read (signature: Signature): Promise<void> {
    const { path, load, take } = this.#options
    const { signal } = this.#controller
    const read = await load(signal).then((content) => ({ content }), (error: Error) => ({ error }))
    if (signal.aborted) return
    const isStill = (await readSignature([path])).text === signature.text
    if (signal.aborted) return
    if (!isStill) this.#watch.requestAfter(STILL)
    else if ('error' in read) this.#fail(read.error, signature)
    else {
      try {
        await take(read.content)
      } catch (error) {
        if (!signal.aborted) this.#fail(error as Error, signature)
        return
      }
      if (signal.aborted) return
      this.note(signature)
    }
  }

  #fail (error: Error, signature: Signature): void {
    const left = this.#options.isFinal?.(error) === true ? 0 : this.#seen.at + WRONG - performance.now()
    if (left > 0) {
      this.#rereadRequested = true
      this.#watch.requestAfter(left)
      return
    }
    this.#processed = signature
    this.#rereadRequested = this.#options.mayPass(error)
    this.#lookAgain()
    // Another file may be wrong in the same way. One that cannot be read is the same as long as it cannot.
    const told = this.#rereadRequested ? error.message : `${signature.text} ${error.message}`
    if (told === this.#reported) return
    this.#reported = told
    this.#options.refuse(error, signature)
  }

  #lookAgain (): void {
    this.#watch.lookAgain([this.#processed], () => { this.#rereadRequested = true })
  }
}
