import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { choice, duration, valueOf } from '@peerkit/identity/internal'
import type { OptionType, OptionTypes } from '@peerkit/identity/internal'
import { closeAll } from '../authority/crl-checkers.ts'
import { SYSTEM_CLOCK, holdProcessOpen } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { CredentialsClosedError, CredentialsUnavailableError, MaterialError } from '../errors.ts'
import type { CheckedTrust } from '../material/check-material.ts'
import { CHECK_OPTIONS, pickOptions } from '../material/material.ts'
import type { CheckOptions } from '../material/material.ts'
import type { TrustSnapshot } from '../sources/credential-snapshot.ts'
import type { SourceKind } from '../sources/frozen-snapshot.ts'
import { LiveSource } from '../sources/live-source.ts'
import type { SourceStatus } from '../sources/source-status.ts'
import { readStill } from '../watch/file-signature.ts'
import type { Signature } from '../watch/file-signature.ts'
import { PATH_OPTIONS } from './file-paths.ts'
import type { FilePaths } from './file-paths.ts'
import { FileFollower } from './follow-files.ts'
import { FileLoader } from './load-files.ts'
import type { FileLoaderOptions, LoadedBefore, LoadedFiles } from './load-files.ts'

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

/** The contents of files that did not change while they were read. */
interface LoadedStill<Checked extends CheckedTrust> extends LoadedFiles<Checked> {
  readonly checked: Checked
  readonly signature: Signature
}

/**
 * Loads files, and watches them from then on.
 *
 * @param options options that were checked
 */
export async function openFiles<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> (
  kind: SourceKind<Snapshot, Checked>, options: FilePaths & FileLoaderOptions & WatchOptions
): Promise<FileSource<Snapshot, Checked>> {
  const { watch = true, pollInterval = 10_000, reportAfter = 5_000, waitFor = 0 } = options
  const { signal = new AbortController().signal, clock = SYSTEM_CLOCK, passphrase, timeout } = options
  const checkOptions = pickOptions<CheckOptions>(options, CHECK_OPTIONS)
  const loader = new FileLoader(pickOptions<FilePaths>(options, PATH_OPTIONS), {
    ...checkOptions, passphrase, timeout
  }, kind.check)
  return await holdProcessOpen(async () => {
    const first = await waitForFiles(async () => await loadStill(loader, { signal }), {
      waitFor, signal, clock, paths: loader.paths
    })
    const source = new FileSource<Snapshot, Checked>(kind, loader, first, clock)
    if (watch !== false) {
      await source.follow(new FileFollower<Checked>(source, first, {
        loader, clock, pollInterval, reportAfter, events: watch === true
      }))
    }
    return source
  })
}

/** A source of files. */
export class FileSource<Snapshot extends TrustSnapshot, Checked extends CheckedTrust>
  extends LiveSource<Snapshot, Checked> {
  readonly #loader: FileLoader<Checked>
  readonly #controller = new AbortController()
  #follower: FileFollower<Checked> | undefined

  constructor (
    kind: SourceKind<Snapshot, Checked>, loader: FileLoader<Checked>,
    { checked, checkers }: Pick<LoadedStill<Checked>, 'checked' | 'checkers'>, clock: Clock
  ) {
    super(kind, checked, checkers, clock)
    this.#loader = loader
  }

  async follow (follower: FileFollower<Checked>): Promise<void> {
    this.#follower = follower
    await follower.start()
  }

  /** Reads the files now and uses what is valid. @throws the first refusal */
  async reload (): Promise<Snapshot> {
    if (this.closed) throw new CredentialsClosedError('reload() after close()')
    const options = { signal: this.#controller.signal, before: { source: this } }
    return await this.#loader.turns.run(async () => {
      const loaded = await loadStill<Checked>(this.#loader, options).catch((error: unknown) => {
        this.refuse(error as Error)
        throw error
      })
      const { checked, checkers, refusals } = loaded
      const snapshot = this.take(checked, checkers)
      this.#follower?.reloaded(loaded)
      this.recover(refusals)
      for (const [part, error] of refusals) this.refuse(error, part)
      const [first] = refusals.values()
      if (first !== undefined) throw first
      return snapshot
    })
  }

  protected override describeOrigin (): Pick<SourceStatus, 'kind' | 'origin'> {
    const folders = [...new Set(this.#loader.paths.map((path) => dirname(path)))]
    return { kind: 'files', origin: folders.join(', ') }
  }

  protected override recheck (): void {
    this.reload().catch(() => {})
  }

  protected override async stop (): Promise<void> {
    this.#controller.abort()
    await this.#follower?.close()
  }
}

/** Loads the files. If one of them changes meanwhile, loads all of them again. */
async function loadStill<Checked extends CheckedTrust> (
  loader: FileLoader<Checked>, options: { readonly signal: AbortSignal, readonly before?: LoadedBefore<Checked> }
): Promise<LoadedStill<Checked>> {
  const { content, signature } = await readStill(loader.paths, {
    load: async (found) => await loader.load(found, options),
    onRead: (_content, wasStill) => { if (wasStill) loader.remember() },
    discard: ({ checkers }) => { closeAll(checkers) }
  })
  return { ...content, checked: content.checked as Checked, signature }
}

/** Milliseconds between two attempts. */
const PAUSE = 250

interface WaitOptions {
  /** Milliseconds to wait. 0: one attempt. */
  readonly waitFor: number
  /** Ends the wait. */
  readonly signal: AbortSignal
  readonly clock: Clock
  /** All files, for the error. */
  readonly paths: readonly string[]
}

/**
 * Calls `load` until it succeeds or the time is up. A sidecar may write the files a moment after the start of the
 * process, one after the other. Options that are wrong are not tried again.
 *
 * @throws the reason of the signal, or CredentialsUnavailableError with the missing files and the last error
 */
async function waitForFiles<Result> (
  load: () => Promise<Result>, { waitFor, signal, clock, paths }: WaitOptions
): Promise<Result> {
  const end = clock.now() + waitFor
  for (;;) {
    signal.throwIfAborted()
    try {
      return await load()
    } catch (error) {
      signal.throwIfAborted()
      if (waitFor === 0 || !(error instanceof MaterialError)) throw error
      const left = end - clock.now()
      if (left <= 0) throw await describeMissing(error, waitFor, paths)
      await pause(Math.min(PAUSE, left), clock, signal)
    }
  }
}

async function describeMissing (error: MaterialError, waitFor: number, paths: readonly string[]): Promise<Error> {
  const found = await Promise.all(paths.map(async (path) => await stat(path).then(({ size }) => size > 0, () => false)))
  const missing = paths.filter((_, index) => found[index] === false)
  const what = missing.length === 0 ? 'all files are there' : `missing or empty: ${missing.join(', ')}`
  const detail = `the files were not complete within ${waitFor} ms; ${what}; last error: ${error.detail}`
  return new CredentialsUnavailableError('timeout', detail, { cause: error })
}

async function pause (delay: number, clock: Clock, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      cancel()
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.schedule(finish, delay)
    signal.addEventListener('abort', finish, { once: true })
  })
}
