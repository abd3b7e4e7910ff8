import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { FollowedFile, readStill } from '@peerkit/credentials/watch'
import type { ReadStill, Signature } from '@peerkit/credentials/watch'
import { EMITTER, rulesRefused, rulesReloaded } from '@peerkit/events'
import type { EventMessage, RulesRefusedMessage, RulesReloadedMessage } from '@peerkit/events'
import { clip, describeValue, isThenable, messageOf } from '@peerkit/identity/internal'
import { RuleInvalidError } from '@peerkit/rules'
import type { Groups } from '@peerkit/rules'
import type { FastifyBaseLogger } from 'fastify'
import { AllowedClientsOptionError, RulesFileInvalidError } from '../errors.ts'
import type { AllowedClients, FastifyAllowedClientsOptions, WatchOptions } from '../plugin-options.ts'
import { CompiledPolicy, NO_FILE } from '../policy/compiled-policy.ts'
import type { FileRules, ListAuthorities } from '../policy/compiled-policy.ts'
import { parseRulesFile, readRulesBytes } from './read-rules-file.ts'
import { compareRules } from './rules-change.ts'
import type { RulesChange } from './rules-change.ts'

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
}

/** Rules that were read, or undefined if the file holds what is in force. */
type NewRules = {
  readonly compiled: CompiledPolicy
  readonly rules: FileRules
  readonly hash: string
} | undefined

/** Checks rules, and returns what brings them into force. Throws if they cannot be used. */
export type PrepareRules = (compiled: CompiledPolicy) => () => void

/** Reads rules from a file and reloads them while the app runs. An invalid file changes nothing. */
export class RulesFileSource {
  readonly file: string
  readonly #code: CodeRules
  readonly #context: RulesFileContext
  /** The rules in force. */
  #rules: FileRules = NO_FILE
  #hash = ''
  #generation = 0
  #reported: string | undefined
  #prepare: PrepareRules | undefined
  readonly #controller = new AbortController()
  #signature: Signature | undefined
  #followed: FollowedFile<NewRules> | undefined
  #last: Promise<void> = Promise.resolve()

  constructor (file: string, code: CodeRules, context: RulesFileContext) {
    // The process may go to another working directory before the file changes.
    this.file = resolve(file)
    this.#code = code
    this.#context = context
  }

  get generation (): number { return this.#generation }

  /** Reads the file for the first time. @throws RulesFileInvalidError */
  async load (): Promise<CompiledPolicy> {
    const { content, signature } = await this.#read()
    const { compiled, rules, hash } = content as NonNullable<NewRules>
    this.#rules = rules
    this.#signature = signature
    this.#hash = hash
    this.#generation = 1
    return compiled
  }

  /** From now on a change of the file is passed to `prepare`. */
  async start (prepare: PrepareRules, watch: WatchOptions | undefined): Promise<void> {
    this.#prepare = prepare
    if (watch === undefined) return
    const { pollInterval = 5_000, debounce = 100 } = watch
    this.#followed = new FollowedFile<NewRules>(this.#signature as Signature, {
      path: this.file,
      what: 'Rules file',
      pollInterval,
      still: debounce,
      events: true,
      load: async (signal) => await this.#load(signal),
      take: async (rules) => { await this.#inTurn(async () => { await this.#take(rules) }) },
      refuse: (error) => { this.#report(error) },
      // It may become readable without a change: too many open files, say.
      mayPass: (error) => error instanceof RulesFileInvalidError && error.reason === 'unreadable'
    })
    await this.#followed.start()
  }

  /**
   * Reads the file now. Concurrent calls run one after the other.
   *
   * @throws AllowedClientsOptionError before the app is ready
   * @throws RulesFileInvalidError after it was logged and published; the old rules stay in force
   */
  async reload (): Promise<void> {
    if (this.#prepare === undefined) {
      throw new AllowedClientsOptionError('app.mtls.reload() was called before the app was ready')
    }
    await this.#inTurn(async () => {
      try {
        const { content, signature } = await this.#read()
        await this.#take(content)
        this.#followed?.note(signature)
      } catch (error) {
        this.#report(error as Error)
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

  async #read (): Promise<ReadStill<NewRules>> {
    return await readStill([this.file], { load: async () => await this.#load(this.#controller.signal) })
  }

  async #load (signal: AbortSignal): Promise<NewRules> {
    const bytes = await readRulesBytes(this.file, signal)
    const hash = digest(bytes)
    if (hash === this.#hash) return undefined
    const rules = parseRulesFile(this.file, bytes)
    return { compiled: this.#compile(rules), rules, hash }
  }

  /** Applies new rules, all of them or none. */
  async #take (next: NewRules): Promise<void> {
    // The other reader of the file may have been faster.
    if (next !== undefined && next.hash !== this.#hash) await this.#replace(next)
    // Not before: rules that the app refuses would be told of with each reading.
    this.#reported = undefined
  }

  async #replace (next: NonNullable<NewRules>): Promise<void> {
    const { file } = this
    const { onReload, log } = this.#context
    const apply = this.#wrap(() => (this.#prepare as PrepareRules)(next.compiled))
    const isCompared = onReload !== undefined || rulesReloaded.hasSubscribers
    const change = isCompared ? compareRules(this.#rules, next.rules, this.#generation + 1) : undefined
    if (change !== undefined && onReload !== undefined) await this.#ask(onReload, change)
    apply()
    this.#rules = next.rules
    this.#hash = next.hash
    this.#generation++
    log.info({ file, generation: this.#generation }, 'rules file reloaded')
    const message: RulesReloadedMessage = {
      ...this.#head(), file, generation: this.#generation, ...(change !== undefined && describeChange(change))
    }
    if (rulesReloaded.hasSubscribers) rulesReloaded.publish(message)
  }

  /** Asks the app whether a change may come into force. @throws RulesFileInvalidError */
  async #ask (
    onReload: NonNullable<FastifyAllowedClientsOptions['onReload']>, change: RulesChange
  ): Promise<void> {
    const refuse = (why: string, cause?: unknown): never => {
      throw new RulesFileInvalidError(this.file, 'rejected', `onReload ${why}`, { cause })
    }
    let answer: unknown
    try {
      answer = await untilAborted(onReload(change), this.#controller.signal)
    } catch (error) {
      return refuse(`refused the change: ${messageOf(error)}`, error)
    }
    if (this.#controller.signal.aborted) return refuse('was asked until the app closed')
    if (answer === false) return refuse('refused the change')
    if (answer !== undefined && answer !== true) {
      return refuse(`returned ${describeValue(answer)}; expected true, false or nothing`)
    }
  }

  #head (): EventMessage { return { v: 1, time: Date.now(), [EMITTER]: () => this.#context.server } }

  /** Logs and publishes a refusal; one that lasts, once. */
  #report (error: Error): void {
    const { file } = this
    if (error.message === this.#reported || this.#controller.signal.aborted) return
    this.#reported = error.message
    const generation = this.#generation
    // An error that the file did not cause is a bug, so the log gets its stack.
    const fields = error instanceof RulesFileInvalidError
      ? { code: error.code, reason: error.reason, detail: error.message }
      : { err: error }
    this.#context.log.error({ ...fields, file, generation }, 'rules file refused, the old rules stay in force')
    const message: RulesRefusedMessage = { ...this.#head(), file, generation, error }
    if (rulesRefused.hasSubscribers) rulesRefused.publish(message)
  }

  #compile (rulesOfFile: FileRules): CompiledPolicy {
    const { groups, defaultRules } = this.#code
    const { authorities, now, log } = this.#context
    if (defaultRules !== undefined && rulesOfFile.defaultRules !== undefined) {
      throw new RulesFileInvalidError(this.file, 'structure', 'defaultRules is also in code; expected it in one place')
    }
    const twice = Object.keys(rulesOfFile.groups).find((name) => Object.hasOwn(groups, name))
    if (twice !== undefined) {
      throw new RulesFileInvalidError(
        this.file, 'structure', `groups.${twice} is also in code; expected it in one place`
      )
    }
    return this.#wrap(() => new CompiledPolicy(groups, defaultRules, rulesOfFile, {
      authorities,
      now,
      warn: (path, warning) => { log.warn({ file: this.file, path }, warning) }
    }))
  }

  /** Reports a mistake in the rules as one of the file. */
  #wrap<T> (compile: () => T): T {
    try {
      return compile()
    } catch (error) {
      const isAboutRules = error instanceof RuleInvalidError || error instanceof AllowedClientsOptionError
      throw isAboutRules ? new RulesFileInvalidError(this.file, 'rule_invalid', error.message, { cause: error }) : error
    }
  }

  /** Waits for a reload that runs, but not for a file system that does not answer. */
  async close (): Promise<void> {
    this.#controller.abort()
    await this.#followed?.close()
    await this.#last
  }
}

/** Rules that a message states. */
const MAX_STATED = 50

/** The change as messages state it. */
function describeChange ({ added, removed }: RulesChange): Partial<RulesReloadedMessage> {
  const state = (rules: RulesChange['added']): readonly string[] =>
    rules.slice(0, MAX_STATED).map(({ path, rule }) => clip(`${path}: ${rule}`, 500))
  return { added: state(added), removed: state(removed), addedCount: added.length, removedCount: removed.length }
}

/** A promise that never settles must not keep the app from closing. */
async function untilAborted (answer: unknown, signal: AbortSignal): Promise<unknown> {
  if (!isThenable(answer)) return answer
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => { resolve() }, { once: true })
  })
  return await Promise.race([answer, aborted])
}

function digest (bytes: Uint8Array): string { return createHash('sha256').update(bytes).digest('base64') }
