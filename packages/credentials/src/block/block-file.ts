import { checkOption, defineOptions, duration, required, valueOf } from '@peerkit/identity/internal'
import { CLOCK } from '../check-options.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED, MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import { WATCH } from '../files/followed-files.ts'
import { holdProcessOpen } from '../hold-process-open.ts'
import type { KnownEntry } from './block-entry.ts'
import type { BlockFile } from './block-source.ts'
import type { BlockListInvalidError } from './errors.ts'
import { BlockFollower } from './follow-block-file.ts'
import type { FirstReading, FollowBlockOptions } from './follow-block-file.ts'
import { LiveBlockList } from './live-block-list.ts'
import { readBlockFile } from './read-block-file.ts'
import type { BlockFileContent } from './read-block-file.ts'
import { readStill } from '../watch/read-still.ts'
import type { ReadStill } from '../watch/read-still.ts'

/** Options of `blockFile`. */
export interface BlockFileOptions {
  /** Whether a changed file is reloaded. Default true; `'poll'`: by polling only, without file events. */
  readonly watch?: boolean | 'poll' | undefined
  /** Milliseconds between polls, for file systems that send no events. Default 1,000. */
  readonly pollInterval?: number | undefined
  /** Default: the system clock. */
  readonly clock?: Clock | undefined
}

const OPTIONS = defineOptions<BlockFileOptions>('blockFile', MTLS_ERR_CREDENTIALS_OPTION, {
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
 * @throws MTLS_ERR_BLOCK_LIST_INVALID if the file is missing or invalid
 * @throws MTLS_ERR_CREDENTIALS_OPTION if an option is unknown or of the wrong type
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
  checkOption(path, PATH, 'path', MTLS_ERR_CREDENTIALS_OPTION)
  const { watch = true, pollInterval = 1_000, clock = SYSTEM_CLOCK } = options
  return await holdProcessOpen(async () => {
    const first = await readList(path)
    const list = new FileList(path, first.content.entries ?? [], clock)
    if (watch !== false) await list.follow(first, { path, clock, pollInterval, events: watch === true })
    return list
  })
}

class FileList extends LiveBlockList implements BlockFile {
  readonly #path: string
  #follower: BlockFollower | undefined

  constructor (path: string, entries: readonly KnownEntry[], clock: Clock) {
    super(entries, clock)
    this.#path = path
  }

  async follow (first: ReadStill<BlockFileContent>, options: FollowBlockOptions): Promise<void> {
    this.#follower = new BlockFollower(this, readingOf(first), options)
    await this.#follower.start()
  }

  async reload (): Promise<void> {
    if (this.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('reload() after close()')
    try {
      const read = await readList(this.#path)
      this.#follower?.note(readingOf(read))
      this.take(read.content.entries ?? [])
      this.recover()
    } catch (error) {
      this.refuse(error as BlockListInvalidError)
      throw error
    }
  }

  protected override async stop (): Promise<void> {
    await this.#follower?.close()
  }
}

async function readList (path: string): Promise<ReadStill<BlockFileContent>> {
  return await readStill([path], { load: async () => await readBlockFile(path) })
}

function readingOf ({ signature, content: { digest } }: ReadStill<BlockFileContent>): FirstReading {
  return { signature, digest }
}
