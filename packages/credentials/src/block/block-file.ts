import crypto from 'node:crypto'
import { checkOption, defineOptions, duration, required, valueOf } from '@peerkit/identity/internal'
import { CLOCK, SYSTEM_CLOCK, holdProcessOpen } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { BlockListInvalidError, CredentialsClosedError, CredentialsOptionError } from '../errors.ts'
import { WATCH } from '../files/open-files.ts'
import { readStill } from '../watch/file-signature.ts'
import type { ReadStill, Signature } from '../watch/file-signature.ts'
import { FollowedFile } from '../watch/follow-file.ts'
import type { FollowFileOptions } from '../watch/follow-file.ts'
import { FileUnreadableError, readBounded } from '../watch/read-bounded.ts'
import type { BlockFile, KnownEntry } from './block-source.ts'
import { LiveBlockList } from './live-block-list.ts'

/** Options of `blockFile`. */
export interface BlockFileOptions {
  /** Whether a changed file is reloaded. Default true; `'poll'`: by polling only, without file events. */
  readonly watch?: boolean | 'poll' | undefined
  /** Milliseconds between polls, for file systems that send no events. Default 1,000. */
  readonly pollInterval?: number | undefined
  /** Default: the system clock. */
  readonly clock?: Clock | undefined
}

const OPTIONS = defineOptions<BlockFileOptions>('blockFile', CredentialsOptionError, {
  watch: WATCH, pollInterval: duration(), clock: CLOCK
})
const PATH = required(valueOf('the path of a file', (path) => {
  return typeof path === 'string' && path !== '' && !path.includes('\0')
}))

/**
 * Loads a list of blocked certificates from a YAML or JSON file of at most 1,000,000 bytes, and reloads it when the
 * file changes.
 *
 * A change takes effect within a quarter of a second, or 0.3 s for YAML of nearly that size. If the file is missing,
 * broken or cut off, the former list stays in use, and subscribers get the change `refused`.
 *
 * @param path the path of the file
 * @param options how the file is watched
 * @returns the list, once the file was read
 * @throws BlockListInvalidError if the file is missing or invalid
 * @throws CredentialsOptionError if an option is unknown or of the wrong type
 * @example
 * ```ts
 * const block = await blockFile('blocked.yaml')
 * block.subscribe((change) => {
 *   if (change.type === 'refused') console.error(change.error.message)
 * })
 * await block.close()
 * ```
 */
export async function blockFile (path: string, options: BlockFileOptions = {}): Promise<BlockFile> {
  OPTIONS.check(options)
  checkOption(path, PATH, 'path', CredentialsOptionError)
  const { watch = true, pollInterval = 1_000, clock = SYSTEM_CLOCK } = options
  return await holdProcessOpen(async () => {
    const { signature, content } = await readList(path)
    const list = new BlockFileList(path, content, clock)
    if (watch !== false) await list.follow(signature, { pollInterval, events: watch === true })
    return list
  })
}

/** A list that follows its file. */
export class BlockFileList extends LiveBlockList implements BlockFile {
  readonly #path: string
  readonly #clock: Clock
  /** Of the content that was read last. */
  #digest: string
  #follower: FollowedFile<BlockFileContent> | undefined

  constructor (path: string, { entries = [], digest }: BlockFileContent, clock: Clock) {
    super(entries, clock)
    this.#path = path
    this.#clock = clock
    this.#digest = digest
  }

  /** @param first the signature of the file when it was read for the first time */
  async follow (
    first: Signature, options: Pick<FollowFileOptions<BlockFileContent>, 'pollInterval' | 'events' | 'watch'>
  ): Promise<void> {
    this.#follower = new FollowedFile<BlockFileContent>(first, {
      ...options,
      path: this.#path,
      what: 'Block list',
      schedule: (task, delay) => this.#clock.schedule(task, delay),
      load: async (signal) => await readBlockFile(this.#path, this.#digest, signal),
      take: (content) => { this.#use(content) },
      refuse: (error) => { this.refuse(error as BlockListInvalidError) },
      // A file that cannot be read may be readable later. Invalid contents stay invalid.
      mayPass: (error) => (error as BlockListInvalidError).reason === 'unreadable'
    })
    await this.#follower.start()
  }

  async reload (): Promise<void> {
    if (this.closed) throw new CredentialsClosedError('reload() after close()')
    try {
      const { signature, content } = await readList(this.#path)
      this.#follower?.note(signature)
      this.#use(content)
    } catch (error) {
      this.refuse(error as BlockListInvalidError)
      throw error
    }
  }

  protected override async stop (): Promise<void> {
    await this.#follower?.close()
  }

  #use ({ digest, entries }: BlockFileContent): void {
    this.#digest = digest
    if (entries !== undefined) this.take(entries)
    this.recover()
  }
}

async function readList (path: string): Promise<ReadStill<BlockFileContent>> {
  return await readStill([path], { load: async () => await readBlockFile(path) })
}

/** Bytes of a file: about 10,000 entries. YAML of this size takes about 0.3 s to read, JSON a tenth of that. */
const MAX_BLOCK_BYTES = 1_000_000

const EXPECTED = 'a list of blocked certificates, YAML or JSON'

/** What a file holds. */
interface BlockFileContent {
  readonly digest: string
  /** Undefined if the content is the one in use. */
  readonly entries: readonly KnownEntry[] | undefined
}

/**
 * Reads the file.
 *
 * @param inForce the digest of the content in use, which is not parsed again
 * @throws BlockListInvalidError
 */
export async function readBlockFile (
  path: string, inForce?: string, signal?: AbortSignal
): Promise<BlockFileContent> {
  const bytes = await readBytes(path, signal)
  const digest = crypto.hash('sha256', bytes, 'base64')
  if (digest === inForce) return { digest, entries: undefined }
  // The YAML parser takes longer to load than the rest of this package. Most apps have no block list.
  const { readBlockList } = await import('./read-block-list.ts')
  return { digest, entries: readBlockList(bytes, path) }
}

async function readBytes (path: string, signal: AbortSignal | undefined): Promise<Buffer> {
  try {
    return await readBounded(path, { maxBytes: MAX_BLOCK_BYTES, signal })
  } catch (error) {
    if (!(error instanceof FileUnreadableError)) throw error
    const expected = error.isTooLarge ? `at most ${MAX_BLOCK_BYTES} bytes` : EXPECTED
    const what = `block (${path}): found ${error.found}; expected ${expected}`
    throw new BlockListInvalidError(error.isTooLarge ? 'too_large' : 'unreadable', what, {
      cause: error.cause
    })
  }
}
