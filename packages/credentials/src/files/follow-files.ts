import type { watch } from 'node:fs'
import { closeAll, findDroppedCas } from '../authority/crl-checkers.ts'
import { backOff } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { CheckedMaterial, CheckedTrust } from '../material/check-material.ts'
import { partsOf } from '../material/part.ts'
import type { Part } from '../material/part.ts'
import { readSignature, see, untilStill } from '../watch/file-signature.ts'
import type { Seen, Signature, Stillness } from '../watch/file-signature.ts'
import { PathWatch } from '../watch/path-watch.ts'
import type { FileLoader, Followed, LoadedFiles } from './load-files.ts'
import { ReloadState } from './reload-state.ts'

/** Enough for all files of a set to be written. */
const STILLNESS: Stillness = { still: 30, inPlace: 150 }
/** How long changed files wait for files of other parts that do not stop changing, in milliseconds. */
const LONGEST_WAIT = 1_000

export interface FollowOptions<Checked extends CheckedTrust = CheckedMaterial> {
  readonly loader: FileLoader<Checked>
  readonly clock: Clock
  /** Milliseconds between polls. */
  readonly pollInterval: number
  /** Milliseconds until files that do not fit together are reported. */
  readonly reportAfter: number
  /** False: polling only. */
  readonly events: boolean
  readonly watch?: typeof watch
}

/**
 * Reloads files when they change. An event only starts a check: the signature of the files decides. The files are read
 * if their signature differs from the last one that was processed, is unchanged for a moment, and does not change while
 * they are read. For a short time, all files wait for each other. Then a part whose files do not stop changing stays as
 * it is in use, and the others are taken.
 */
export class FileFollower<Checked extends CheckedTrust = CheckedMaterial> {
  readonly #source: Followed<Checked>
  readonly #options: FollowOptions<Checked>
  readonly #watch: PathWatch
  readonly #reloadState: ReloadState
  readonly #controller = new AbortController()
  /** Digests of the contents in use. */
  #digests: ReadonlyMap<Part, string>
  /** The signatures of each part when its files were last processed, and when they were last seen. */
  #processed: ReadonlyMap<Part, Signature>
  #seen: ReadonlyMap<Part, Seen>
  /** Since when there is a change that is not processed. */
  #changedSince: number | undefined
  #retryDue = false
  #cancelRetry = (): void => {}

  constructor (
    source: Followed<Checked>, first: { signature: Signature, digests: ReadonlyMap<Part, string> },
    options: FollowOptions<Checked>
  ) {
    this.#source = source
    this.#options = options
    this.#digests = first.digests
    this.#processed = options.loader.splitByPart(first.signature)
    this.#seen = new Map([...this.#processed].map(([part, signature]) => [part, { signature, at: 0 }]))
    this.#reloadState = new ReloadState(source, options.clock, options.reportAfter)
    const { loader, clock, ...watching } = options
    this.#watch = new PathWatch(loader.paths, {
      ...watching,
      schedule: (task, delay) => clock.schedule(task, delay),
      onFailure: (message) => {
        source.warn(message)
        process.emitWarning(`Credentials: ${message}`, { code: 'PEERKIT_WATCH_FAILED' })
      },
      check: async (signature) => { await this.#check(signature) },
      onError: (error) => { this.#fail(error as Error) }
    })
  }

  async start (): Promise<void> {
    await this.#watch.start()
    this.#confirmLater()
  }

  /** Call when files were loaded without the follower. They are read again, in case they have changed since. */
  reloaded ({ signature, digests }: { signature: Signature, digests: ReadonlyMap<Part, string> }): void {
    this.#processed = this.#options.loader.splitByPart(signature)
    this.#digests = digests
    this.#reloadState.requestReread()
    this.#watch.request()
  }

  async close (): Promise<void> {
    this.#controller.abort()
    this.#cancelRetry()
    await this.#watch.close()
  }

  async #check (signature: Signature): Promise<void> {
    this.#see(this.#options.loader.splitByPart(signature))
    const changed = [...this.#seen].filter(([part, seen]) => seen.signature.text !== this.#processed.get(part)?.text)
    if (changed.length === 0 && !this.#reloadState.needsReread) return
    this.#changedSince ??= performance.now()
    const restless = new Map(changed.map(([part, seen]) => {
      return [part, untilStill(seen, this.#processed.get(part), STILLNESS)] as const
    }).filter(([, left]) => left > 0))
    if (restless.size > 0) {
      this.#watch.requestAfter(Math.min(...restless.values()))
      if (!this.#hasWaited) return
      const isNew = [...restless.keys()].some((part) => !this.#reloadState.isRefused(part))
      if (restless.size === changed.length && !isNew && !this.#retryDue) return
    }
    this.#retryDue = false
    const { loader } = this.#options
    const held = new Map([...restless.keys()].map((part) => [part, loader.describeRestless(part)]))
    await loader.turns.run(async () => { await this.#load(signature, held) })
  }

  /** Records the signatures, and when they changed. */
  #see (parts: ReadonlyMap<Part, Signature>): void {
    const before = this.#seen
    this.#seen = new Map([...parts].map(([part, signature]) => [part, see(signature, before.get(part))]))
    if ([...this.#seen].some(([part, seen]) => seen !== before.get(part))) this.#reloadState.filesChanged()
  }

  /** Whether changed files have waited long enough for files that do not stop changing. */
  get #hasWaited (): boolean {
    return this.#changedSince !== undefined && performance.now() - this.#changedSince >= LONGEST_WAIT
  }

  /** @param held parts that stay as they are in use for now, each with the reason */
  async #load (signature: Signature, held: ReadonlyMap<Part, Error>): Promise<void> {
    const { loader } = this.#options
    const before = { source: this.#source, digests: this.#digests }
    const { signal } = this.#controller
    const loaded = await loader.load(signature, { before, signal, held: new Set(held.keys()) })
    const { checked, checkers, digests, refusals } = loaded
    const parts = loader.splitByPart(signature)
    const after = loader.splitByPart(await readSignature(loader.paths))
    const moved = new Set([...parts].filter(([part, { text }]) => after.get(part)?.text !== text).map(([part]) => part))
    if (this.#source.closed || [...moved].some((part) => !held.has(part))) {
      // Changed while we read: the contents may be a mix of two versions.
      closeAll(checkers)
      const restless = [...moved].map((part) => [part, loader.describeRestless(part)] as const)
      if (!this.#source.closed && this.#hasWaited) await this.#load(signature, new Map([...held, ...restless]))
      else this.#watch.requestAfter(STILLNESS.still)
      return
    }
    const givers = this.#findGivers(loaded)
    if (givers.size > 0) {
      closeAll(checkers)
      await this.#load(signature, new Map([...held, ...givers]))
      return
    }
    loader.remember(moved)
    if (checked !== undefined) this.#source.take(checked, checkers)
    this.#processed = new Map([...parts].map(([part, now]) => {
      return [part, held.has(part) ? this.#processed.get(part) ?? now : now]
    }))
    this.#digests = digests
    if (held.size === 0) this.#changedSince = undefined
    const all = new Map([...refusals, ...held])
    this.#source.recover(all)
    this.#recordRefusals(all)
    this.#confirmLater()
  }

  /**
   * Finds authorities that drop a CA while the files of another authority may be half written. The CA may be about to
   * move there, and must take its CRLs with it, so both change in one step.
   */
  #findGivers ({ checked, refusals }: LoadedFiles<Checked>): ReadonlyMap<Part, Error> {
    if (checked === undefined) return new Map()
    const takers = [...refusals].filter(([part, error]) => part !== undefined && this.#reloadState.mayPass(part, error))
    return new Map([...findDroppedCas(this.#source.current, checked)].flatMap(([giver, ca]) => {
      const taker = takers.find(([part]) => part !== giver)?.[0]
      return taker === undefined ? [] : [[giver, this.#options.loader.describeGiver(giver, ca, taker)] as const]
    }))
  }

  /** Records refusals, and schedules the next read if there are any. */
  #recordRefusals (refusals: ReadonlyMap<Part, Error>): void {
    const failures = this.#reloadState.recordRefusals(refusals)
    this.#cancelRetry()
    if (failures === 0) return
    const delay = backOff(failures, { first: 250, longest: 30_000, random: Math.random })
    const wait = Math.min(delay, this.#reloadState.untilReport, this.#reloadState.untilStart(refusals))
    this.#cancelRetry = this.#options.clock.schedule(() => {
      this.#retryDue = true
      this.#watch.request()
    }, wait)
  }

  /** Reads files that changed recently once more. */
  #confirmLater (): void {
    this.#watch.lookAgain([...this.#processed.values()], () => {
      this.#options.loader.forget()
      this.#reloadState.requestReread()
    })
  }

  #fail (error: Error): void {
    if (this.#source.closed) return
    this.#processed = new Map([...this.#seen].map(([part, { signature }]) => [part, signature]))
    this.#recordRefusals(new Map(partsOf(error).map((part) => [part, error])))
  }
}
