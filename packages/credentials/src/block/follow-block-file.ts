import type { watch } from 'node:fs'
import type { Clock } from '../clock.ts'
import type { Signature } from '../watch/file-signature.ts'
import { FollowedFile } from '../watch/follow-file.ts'
import type { BlockListInvalidError } from './errors.ts'
import type { LiveBlockList } from './live-block-list.ts'
import { readBlockFile } from './read-block-file.ts'
import type { BlockFileContent } from './read-block-file.ts'

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

/** Follows the file of a block list. */
export class BlockFollower {
  readonly #list: LiveBlockList
  readonly #file: FollowedFile<BlockFileContent>
  #digest: string

  constructor (list: LiveBlockList, first: FirstReading, { path, clock, ...options }: FollowBlockOptions) {
    this.#list = list
    this.#digest = first.digest
    this.#file = new FollowedFile<BlockFileContent>(first.signature, {
      ...options,
      path,
      what: 'Block list',
      schedule: (task, delay) => clock.schedule(task, delay),
      load: async (signal) => await readBlockFile(path, this.#digest, signal),
      take: (content) => { this.#take(content) },
      refuse: (error) => { list.refuse(error as BlockListInvalidError) },
      // A file that cannot be read may be readable later. Invalid contents stay invalid.
      mayPass: (error) => (error as BlockListInvalidError).reason === 'unreadable'
    })
  }

  async start (): Promise<void> { await this.#file.start() }

  /** Records what `reload()` read. */
  note ({ signature, digest }: FirstReading): void {
    this.#digest = digest
    this.#file.note(signature)
  }

  async close (): Promise<void> { await this.#file.close() }

  #take ({ digest, entries }: BlockFileContent): void {
    this.#digest = digest
    if (entries !== undefined) this.#list.take(entries)
    this.#list.recover()
  }
}
