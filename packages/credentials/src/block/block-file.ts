import { SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED, MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import { readSignature } from '../files/file-signature.ts'
import type { Signature } from '../files/file-signature.ts'
import { holdProcessOpen } from '../hold-process-open.ts'
import { checkCheckOptions, checkDuration, checkKeys, show } from '../option-check.ts'
import type { KnownEntry } from './block-entry.ts'
import type { BlockFile } from './block-source.ts'
import type { BlockListInvalidError } from './errors.ts'
import { BlockFollower } from './follow-block-file.ts'
import type { FollowBlockOptions } from './follow-block-file.ts'
import { LiveBlockList } from './live-block-list.ts'
import { readBlockFile } from './read-block-file.ts'
import type { BlockFileContent } from './read-block-file.ts'

export interface BlockFileOptions {
  /** Take changes of the file while running. Default true; `'poll'` looks at intervals alone, without events. */
  readonly watch?: boolean | 'poll' | undefined
  /** Milliseconds between looks besides events, for file systems that send none. Default 1,000. */
  readonly pollInterval?: number | undefined
  /** Default: the machine's. */
  readonly clock?: Clock | undefined
}

/** How often a file that changes while it is read is read again at once. */
const ATTEMPTS = 20

/**
 * A list of blocked certificates from a YAML or JSON file of at most 1,000,000 octets, which is watched. A change is in
 * force within a quarter of a second; YAML of nearly that size takes up to 0.3 s. A file that is missing, broken or cut
 * off leaves the former list in force and is told to the subscribers; at the start it rejects.
 *
 * @throws MTLS_ERR_BLOCK_LIST_INVALID, MTLS_ERR_CREDENTIALS_OPTION
 * @example
 * const block = await blockFile('/etc/peerkit/block.yaml')
 * block.subscribe((change) => { if (change.type === 'refused') console.error(change.error.message) })
 */
export async function blockFile (path: string, options: BlockFileOptions = {}): Promise<BlockFile> {
  checkKeys(options, ['watch', 'pollInterval', 'clock'], [], 'blockFile')
  checkCheckOptions({ clock: options.clock }, 'blockFile')
  const { watch = true, clock = SYSTEM_CLOCK } = options
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`blockFile path is ${show(path)}; expected a file's path`)
  }
  if (watch !== true && watch !== false && watch !== 'poll') {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`blockFile watch is ${show(watch)}; expected true, false or "poll"`)
  }
  const pollInterval = checkDuration(options.pollInterval, 1_000, 'blockFile pollInterval')
  return await holdProcessOpen(async () => {
    const first = await readStill(path)
    const list = new FileList(path, first.entries ?? [], clock)
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

  async follow (first: ReadStill, options: FollowBlockOptions): Promise<void> {
    this.#follower = new BlockFollower(this, first, options)
    await this.#follower.start()
  }

  async reload (): Promise<void> {
    if (this.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('reload() after close()')
    try {
      const read = await readStill(this.#path)
      this.#follower?.note(read)
      this.take(read.entries ?? [])
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

interface ReadStill extends BlockFileContent { readonly signature: Signature }

/** Reads a file that did not move meanwhile; what fails while it moves is tried again. */
async function readStill (path: string): Promise<ReadStill> {
  for (let attempt = 1; ; attempt += 1) {
    const signature = await readSignature([path])
    const isStill = async (): Promise<boolean> => {
      return attempt >= ATTEMPTS || (await readSignature([path])).text === signature.text
    }
    try {
      const content = await readBlockFile(path)
      if (await isStill()) return { ...content, signature }
    } catch (error) {
      if (await isStill()) throw error
    }
  }
}
