import { choice, duration, valueOf } from '@peerkit/identity/internal'
import type { OptionType, OptionTypes } from '@peerkit/identity/internal'
import type { CheckedTrust } from '../check-material.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED } from '../errors.ts'
import { holdProcessOpen } from '../hold-process-open.ts'
import { closeAll } from '../revocation-checker.ts'
import type { Signature } from '../watch/file-signature.ts'
import { readStill } from '../watch/read-still.ts'
import { FileFollower } from './follow-files.ts'
import type { Followed } from './followed.ts'
import type { FileLoader, LoadedFiles } from './load-files.ts'
import { waitForFiles } from './wait-for-files.ts'

/** How files are watched. */
export interface WatchOptions {
  /** Whether changed files are reloaded. Default true; `'poll'`: by polling only, without file events. */
  readonly watch?: boolean | 'poll' | undefined
  /** Milliseconds between polls, for file systems that send no events. Default 10,000. */
  readonly pollInterval?: number | undefined
  /**
   * Milliseconds until files that do not fit together are reported as `refused`. Default 5,000. Certificate and key are
   * rarely written at the same time.
   */
  readonly reportAfter?: number | undefined
  /**
   * Milliseconds to wait at the start for files that are missing, half written or not valid yet, as a sidecar writes
   * them. Nothing is used until all files pass. Default 0: the first error ends the start.
   */
  readonly waitFor?: number | undefined
  /** Aborts the start, also while it waits. */
  readonly signal?: AbortSignal | undefined
}

export const WATCH: OptionType = choice(true, false, 'poll')

export const WATCH_OPTIONS: OptionTypes<WatchOptions> = {
  watch: WATCH,
  pollInterval: duration(),
  reportAfter: duration(),
  waitFor: duration({ least: 0 }),
  signal: valueOf('an AbortSignal', (signal) => signal instanceof AbortSignal)
}

interface Watching {
  readonly watch: boolean | 'poll'
  readonly pollInterval: number
  readonly reportAfter: number
  readonly waitFor: number
  readonly signal: AbortSignal | undefined
}

/** Fills in the defaults of options that were checked. */
export function readWatchOptions (
  { watch = true, pollInterval = 10_000, reportAfter = 5_000, waitFor = 0, signal }: WatchOptions
): Watching {
  return { watch, pollInterval, reportAfter, waitFor, signal }
}

/** The contents of files that did not change while they were read. */
export interface LoadedStill<Checked extends CheckedTrust> extends LoadedFiles<Checked> {
  readonly checked: Checked
  readonly signature: Signature
}

/**
 * Loads files, and watches them from then on.
 *
 * @param make makes the source from the contents of the files
 */
export async function followFiles<Checked extends CheckedTrust, Source extends Followed<Checked>> (
  loader: FileLoader<Checked>,
  { watch, pollInterval, reportAfter, waitFor, signal }: Watching,
  clock: Clock | undefined = SYSTEM_CLOCK,
  make: (first: LoadedStill<Checked>, files: FollowedFiles<Checked>) => Source
): Promise<Source> {
  return await holdProcessOpen(async () => {
    const load = async (): Promise<LoadedStill<Checked>> =>
      await loadStill(loader, undefined, signal ?? new AbortController().signal)
    const first = await waitForFiles(load, { waitFor, signal, clock, paths: loader.paths })
    const files = new FollowedFiles(loader)
    const source = make(first, files)
    if (watch !== false) {
      const options = { loader, clock, pollInterval, reportAfter, events: watch === true }
      await files.follow(new FileFollower(source, first, options))
    }
    return source
  })
}

/** The files of a running source. */
export class FollowedFiles<Checked extends CheckedTrust> {
  readonly #loader: FileLoader<Checked>
  readonly #controller = new AbortController()
  #follower: FileFollower<Checked> | undefined

  constructor (loader: FileLoader<Checked>) {
    this.#loader = loader
  }

  async follow (follower: FileFollower<Checked>): Promise<void> {
    this.#follower = follower
    await follower.start()
  }

  /** Reads the files now and uses what is valid. @throws the first refusal */
  async reload (source: Followed<Checked>): Promise<unknown> {
    if (source.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('reload() after close()')
    const onError = (error: unknown): never => {
      source.refuse(error as Error, undefined)
      throw error
    }
    return await this.#loader.turns.run(async () => {
      const loaded = await loadStill(this.#loader, source, this.#controller.signal).catch(onError)
      const { checked, checkers, refusals } = loaded
      const snapshot = source.take(checked, checkers)
      this.#follower?.reloaded(loaded)
      source.recover(refusals)
      for (const [part, error] of refusals) source.refuse(error, part)
      const [first] = refusals.values()
      if (first !== undefined) throw first
      return snapshot
    })
  }

  async close (): Promise<void> {
    this.#controller.abort()
    await this.#follower?.close()
  }
}

/** Loads the files. If one of them changes meanwhile, loads all of them again. */
async function loadStill<Checked extends CheckedTrust> (
  loader: FileLoader<Checked>, source: Followed<Checked> | undefined, signal: AbortSignal
): Promise<LoadedStill<Checked>> {
  const { content, signature } = await readStill(loader.paths, {
    load: async (found) => await loader.load(found, { signal, ...(source !== undefined && { before: { source } }) }),
    onRead: (_content, wasStill) => { if (wasStill) loader.remember() },
    discard: ({ checkers }) => { closeAll(checkers) }
  })
  return { ...content, checked: content.checked as Checked, signature }
}
