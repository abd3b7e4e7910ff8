import type { CheckedTrust } from '../check-material.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED, MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import { holdProcessOpen } from '../hold-process-open.ts'
import { checkDuration, show } from '../option-check.ts'
import { closeAll } from '../revocation-checker.ts'
import { readSignature } from './file-signature.ts'
import type { Signature } from './file-signature.ts'
import { FileFollower } from './follow-files.ts'
import type { Followed } from './followed.ts'
import type { FileLoader, LoadedFiles } from './load-files.ts'

/** How files are followed. */
export interface WatchOptions {
  /** Take changes of the files while running. Default true; `'poll'` looks at intervals alone, without events. */
  readonly watch?: boolean | 'poll' | undefined
  /** How often to look at the files besides their events, in milliseconds; for file systems that send none. Default 10,000. */
  readonly pollInterval?: number | undefined
  /** How long files may not fit together before it is said, in milliseconds: certificate and key are rarely written at once. Default 5,000. */
  readonly reportAfter?: number | undefined
}

export const WATCH_OPTIONS: readonly string[] = ['watch', 'pollInterval', 'reportAfter']

interface Watching { readonly watch: boolean | 'poll', readonly pollInterval: number, readonly reportAfter: number }

/** @throws MTLS_ERR_CREDENTIALS_OPTION */
export function readWatchOptions ({ watch = true, pollInterval, reportAfter }: WatchOptions): Watching {
  if (watch !== true && watch !== false && watch !== 'poll') throw new MTLS_ERR_CREDENTIALS_OPTION(`watch is ${show(watch)}; expected true, false or "poll"`)
  return { watch, pollInterval: checkDuration(pollInterval, 10_000, 'pollInterval'), reportAfter: checkDuration(reportAfter, 5_000, 'reportAfter') }
}

/** What files held that did not move while they were read. */
export interface LoadedStill<Checked extends CheckedTrust> extends LoadedFiles<Checked> {
  readonly checked: Checked
  readonly signature: Signature
}

/** How often files that change while they are read are read again at once. */
const ATTEMPTS = 20

/**
 * Loads files, and follows them from then on.
 *
 * @param make makes the source, of what the files hold now
 */
export async function followFiles<Checked extends CheckedTrust, Source extends Followed<Checked>> (
  loader: FileLoader<Checked>,
  { watch, pollInterval, reportAfter }: Watching,
  clock: Clock | undefined,
  make: (first: LoadedStill<Checked>, files: FollowedFiles<Checked>) => Source
): Promise<Source> {
  return await holdProcessOpen(async () => {
    const first = await loadStill(loader, undefined, new AbortController().signal)
    const files = new FollowedFiles(loader)
    const source = make(first, files)
    if (watch !== false) await files.follow(new FileFollower(source, first, { loader, clock: clock ?? SYSTEM_CLOCK, pollInterval, reportAfter, events: watch === true }))
    return source
  })
}

/** The files of a source that runs. */
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

  /** Reads the files now and puts in force what fits of them. @throws the first of what was refused */
  async reload (source: Followed<Checked>): Promise<unknown> {
    if (source.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('reload() after close()')
    const { checked, checkers, refusals } = await loadStill(this.#loader, source, this.#controller.signal).catch((error: unknown) => {
      source.refuse(error as Error, undefined)
      throw error
    })
    const snapshot = source.take(checked, checkers)
    source.recover(refusals)
    for (const [part, error] of refusals) source.refuse(error, part)
    const [first] = refusals.values()
    if (first !== undefined) throw first
    return snapshot
  }

  async close (): Promise<void> {
    this.#controller.abort()
    await this.#follower?.close()
  }
}

/** Loads files that did not move meanwhile; what fails while they move is tried again. */
async function loadStill<Checked extends CheckedTrust> (loader: FileLoader<Checked>, source: Followed<Checked> | undefined, signal: AbortSignal): Promise<LoadedStill<Checked>> {
  for (let attempt = 1; ; attempt += 1) {
    const signature = await readSignature(loader.paths)
    const isStill = async (): Promise<boolean> => attempt >= ATTEMPTS || (await readSignature(loader.paths)).text === signature.text
    try {
      const loaded = await loader.load(signature, { signal, ...(source !== undefined && { before: { source } }) })
      if (!await isStill()) closeAll(loaded.checkers)
      else return { ...loaded, checked: loaded.checked as Checked, signature }
    } catch (error) {
      if (await isStill()) throw error
    }
  }
}
