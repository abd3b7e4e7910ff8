import { AsyncLocalStorage } from 'node:async_hooks'
import { resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { FollowedFile, readSignature, readStill } from '@peerkit/credentials/watch'
import type { ReadStill, Signature } from '@peerkit/credentials/watch'
import { EMITTER, rulesRefused, rulesReloaded } from '@peerkit/events'
import type { EventMessage, RulesRefusedMessage, RulesReloadedMessage } from '@peerkit/events'
import { messageOf } from '@peerkit/identity/internal'
import type { Groups } from '@peerkit/rules'
import { ChangedRules } from '@peerkit/rules/internal'
import type { RuleSetsComparison } from '@peerkit/rules/internal'
import type { FastifyBaseLogger } from 'fastify'
import { AllowedClientsOptionError, RulesFileInvalidError } from '../errors.ts'
import type { AllowedClients, FastifyAllowedClientsOptions, WatchOptions } from '../plugin-options.ts'
import { CompiledPolicy } from '../policy/compiled-policy.ts'
import type { ListAuthorities } from '../policy/compiled-policy.ts'
import { askApp } from './ask-app.ts'
import { listChange, presentChange, stateChange } from './rules-change.ts'
import { OpenedFile, blameFile } from './packed-file.ts'
import type { PackedFile } from './packed-file.ts'
import type { ReadingPlaces } from './reading-places.ts'
import type { RulesAnswer } from './rules-job.ts'
import { RulesReader } from './rules-reader.ts'

/** The rules in code, in addition to the file. */
export interface CodeRules {
  readonly groups: Groups
  readonly defaultRules: AllowedClients | undefined
}

/** What is needed of the app. */
export interface RulesFileContext {
  readonly log: FastifyBaseLogger
  /** The HTTP server of the app, which the messages name. */
  readonly server: object
  /** Called at each reading. */
  readonly authorities: ListAuthorities
  /** Returns the time by which rules decide. */
  readonly now: () => number
  /** The option of this name. */
  readonly onReload: FastifyAllowedClientsOptions['onReload']
  /** Where the file is read, for tests. */
  readonly places?: ReadingPlaces | undefined
}

/** Rules that were read. */
interface NewRules {
  readonly compiled: CompiledPolicy
  readonly file: PackedFile
  /** Undefined at the first reading. */
  readonly comparison: RuleSetsComparison | undefined
}

/** What a reading found. */
interface Reading {
  /** The rules with which the file was compared: those that were in force when the reading began. */
  readonly before: PackedFile | undefined
  /** Undefined if the file holds the same. */
  readonly rules: NewRules | undefined
}

/** Checks rules, and returns what brings them into force. Throws if they cannot be used. */
export type PrepareRules = (compiled: CompiledPolicy) => () => void

/** Reads rules from a file and reloads them while the app runs. An invalid file changes nothing. */
export class RulesFileSource {
  readonly file: string
  readonly #code: CodeRules
  readonly #context: RulesFileContext
  readonly #reader: RulesReader
  /** The rules in force. */
  #packed: PackedFile | undefined
  #compiled: CompiledPolicy | undefined
  #generation = 0
  /** The refusal that was told last. */
  #reported: string | undefined
  /** True within `onReload`. */
  readonly #asking = new AsyncLocalStorage<boolean>()
  #prepare: PrepareRules | undefined
  readonly #controller = new AbortController()
  #signature: Signature | undefined
  #followed: FollowedFile<Reading> | undefined
  #last: Promise<void> = Promise.resolve()
  /** The next reading by `reload()`, if it has not begun. */
  #next: Promise<void> | undefined

  constructor (file: string, code: CodeRules, context: RulesFileContext) {
    // The process may go to another working directory before the file changes.
    this.file = resolve(file)
    this.#code = code
    this.#context = context
    this.#reader = new RulesReader(context.log, context.places)
  }

  get generation (): number { return this.#generation }

  /** Reads the file for the first time. @throws RulesFileInvalidError */
  async load (): Promise<CompiledPolicy> {
    const { content: { rules }, signature } = await this.#read()
    const { compiled, file } = rules as NewRules
    this.#signature = signature
    this.#packed = file
    this.#compiled = compiled
    this.#generation = 1
    return compiled
  }

  /** From now on a change of the file is passed to `prepare`. */
  async start (prepare: PrepareRules, watch: WatchOptions | undefined): Promise<void> {
    this.#prepare = prepare
    if (watch === undefined) return
    const { pollInterval = 5_000, debounce = 100 } = watch
    this.#followed = new FollowedFile<Reading>(this.#signature as Signature, {
      path: this.file,
      what: 'Rules file',
      pollInterval,
      still: debounce,
      events: true,
      load: async (signal) => await this.#load(signal),
      take: async (reading) => {
        await this.#inTurn(async () => {
          // Its turn may come after that of another change, with which the file was not compared.
          await this.#take(reading.before === this.#packed ? reading : await this.#load(this.#controller.signal))
        })
      },
      refuse: (error, signature) => { this.#report(error, signature) },
      // It may become readable without a change: too many open files, say.
      mayPass: (error) => error instanceof RulesFileInvalidError && error.reason === 'unreadable',
      // onReload is asked once about each change of the file.
      isFinal: (error) => error instanceof RulesFileInvalidError && error.reason === 'rejected'
    })
    await this.#followed.start()
  }

  /**
   * Reads the file now. Calls during a reading wait for it, and share one that begins after it. A call within
   * `onReload` does not wait: the file is read again after the answer.
   *
   * @throws AllowedClientsOptionError before the app is ready
   * @throws RulesFileInvalidError after it was logged and published; the old rules stay in force
   */
  async reload (): Promise<void> {
    if (this.#prepare === undefined) {
      throw new AllowedClientsOptionError('app.mtls.reload() was called before the app was ready')
    }
    this.#next ??= this.#readInTurn()
    // It begins after the answer of onReload, which would never come.
    if (this.#asking.getStore() === true) this.#next.catch(() => {})
    else await this.#next
  }

  async #readInTurn (): Promise<void> {
    await this.#inTurn(async () => {
      this.#next = undefined
      try {
        const { content, signature } = await this.#read()
        // Also if it is refused: onReload is not asked again about a file that did not change.
        await this.#take(content).finally(() => { this.#followed?.note(signature) })
      } catch (error) {
        this.#report(error as Error, await readSignature([this.file]))
        throw error
      }
    })
  }

  /** The option `onReload` may take its time, and no two changes may overtake each other. */
  async #inTurn (run: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(run)
    this.#last = turn.catch(() => {})
    await turn
  }

  async #read (): Promise<ReadStill<Reading>> {
    return await readStill([this.file], { load: async () => await this.#load(this.#controller.signal) })
  }

  async #load (signal: AbortSignal): Promise<Reading> {
    const before = this.#packed
    const answer = await this.#readFile(before, signal)
    if (answer === undefined) return { before, rules: undefined }
    // Each step may take some 20 ms for 100,000 groups. Requests are answered in between.
    await nextTurn()
    const opened = new OpenedFile(answer.file)
    await nextTurn()
    return { before, rules: { ...answer, compiled: this.#compile(opened) } }
  }

  /** @param inForce the rules in force, if these are to be compared with them */
  async #readFile (inForce: PackedFile | undefined, signal: AbortSignal): Promise<RulesAnswer> {
    const { groups, defaultRules } = this.#code
    const { authorities, now } = this.#context
    return await this.#reader.read({
      file: this.file,
      inForce,
      codeGroups: Object.keys(groups),
      hasDefaultRules: defaultRules !== undefined,
      now: now()
    }, authorities(), signal)
  }

  /** Applies new rules, all of them or none. */
  async #take ({ rules }: Reading): Promise<void> {
    if (rules !== undefined) await this.#replace(rules)
    // Not before: rules that the app refuses would be told of with each reading.
    this.#reported = undefined
  }

  async #replace (next: NewRules): Promise<void> {
    const { file } = this
    const { onReload, log } = this.#context
    const [before, compiled] = [this.#packed, this.#compiled] as [PackedFile, CompiledPolicy]
    const comparison = next.comparison as RuleSetsComparison
    const apply = blameFile(file, () => (this.#prepare as PrepareRules)(next.compiled))
    const change = listChange(comparison, before, next.file)
    if (onReload !== undefined) {
      const presented = presentChange(change, before, next.file, this.#generation + 1)
      const ask = (): unknown => this.#asking.run(true, () => onReload(presented))
      await askApp(ask, file, this.#controller.signal)
    }
    const { delta, moved } = comparison
    if (delta !== undefined) next.compiled.inherit(compiled, new ChangedRules(delta, this.#context.now), moved)
    apply()
    this.#packed = next.file
    this.#compiled = next.compiled
    this.#generation++
    const [addedCount, removedCount] = [change.added.paths.length, change.removed.paths.length]
    log.info({ file, generation: this.#generation, addedCount, removedCount }, 'rules file reloaded')
    const message: RulesReloadedMessage = {
      ...this.#head(), file, generation: this.#generation, ...stateChange(change)
    }
    if (rulesReloaded.hasSubscribers) rulesReloaded.publish(message)
  }

  #head (): EventMessage { return { v: 1, time: Date.now(), [EMITTER]: () => this.#context.server } }

  /** Logs and publishes a refusal; one that lasts, once. Another file may be wrong in the same way. */
  #report (error: Error, { text }: Signature): void {
    const { file } = this
    const isUnreadable = error instanceof RulesFileInvalidError && error.reason === 'unreadable'
    const told = isUnreadable ? error.message : `${text} ${error.message}`
    if (told === this.#reported || this.#controller.signal.aborted) return
    this.#reported = told
    const generation = this.#generation
    // An error that the file did not cause is a bug, so the log gets its stack.
    const fields = error instanceof RulesFileInvalidError
      ? { code: error.code, reason: error.reason, detail: error.message }
      : { err: error }
    this.#context.log.error({ ...fields, file, generation }, 'rules file refused, the old rules stay in force')
    const message: RulesRefusedMessage = { ...this.#head(), file, generation, error }
    if (rulesRefused.hasSubscribers) rulesRefused.publish(message)
  }

  #compile (opened: OpenedFile): CompiledPolicy {
    const { groups, defaultRules } = this.#code
    const { authorities, now, log } = this.#context
    return blameFile(this.file, () => new CompiledPolicy(groups, defaultRules, opened, {
      authorities,
      now,
      warn: (path, warning) => { log.warn({ file: this.file, path }, warning) }
    }))
  }

  /**
   * Checks the file against the authorities of now, and changes nothing.
   *
   * @param report called with what is wrong
   * @param done called with the rules, for what else is checked
   */
  recheck (report: (path: string, text: string) => void, done: (opened: OpenedFile) => void): void {
    this.#readFile(undefined, this.#controller.signal).then((answer) => {
      done(new OpenedFile((answer as NonNullable<RulesAnswer>).file))
    }).catch((error: unknown) => {
      if (!this.#controller.signal.aborted) report(this.file, messageOf(error))
    })
  }

  /** Waits for a reload that runs, but not for a file system that does not answer. */
  async close (): Promise<void> {
    this.#controller.abort()
    await this.#followed?.close()
    await this.#last
  }
}
