import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { FollowedFile, readStill } from '@peerkit/credentials/watch'
import type { ReadStill, Signature } from '@peerkit/credentials/watch'
import { EMITTER, rulesRefused, rulesReloaded } from '@peerkit/events'
import type { EventMessage, RulesRefusedMessage, RulesReloadedMessage } from '@peerkit/events'
import { RuleInvalidError } from '@peerkit/rules'
import type { Groups } from '@peerkit/rules'
import type { FastifyBaseLogger } from 'fastify'
import { AllowedClientsOptionError, RulesFileInvalidError } from '../errors.ts'
import type { AllowedClients, WatchOptions } from '../plugin-options.ts'
import { CompiledPolicy } from '../policy/compiled-policy.ts'
import type { FileRules, ListAuthorities } from '../policy/compiled-policy.ts'
import { parseRulesFile, readRulesBytes } from './read-rules-file.ts'

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
}

/** Rules that were read, or undefined if the file holds what is in force. */
type NewRules = { readonly compiled: CompiledPolicy, readonly hash: string } | undefined

/** Reads rules from a file and reloads them while the app runs. An invalid file changes nothing. */
export class RulesFileSource {
  readonly file: string
  readonly #code: CodeRules
  readonly #log: FastifyBaseLogger
  readonly #server: object
  readonly #authorities: ListAuthorities
  #hash = ''
  #generation = 0
  #reported: string | undefined
  #apply: ((compiled: CompiledPolicy) => void) | undefined
  readonly #controller = new AbortController()
  #signature: Signature | undefined
  #followed: FollowedFile<NewRules> | undefined
  #last: Promise<void> = Promise.resolve()

  constructor (file: string, code: CodeRules, { log, server, authorities }: RulesFileContext) {
    // The process may go to another working directory before the file changes.
    this.file = resolve(file)
    this.#code = code
    this.#log = log
    this.#server = server
    this.#authorities = authorities
  }

  get generation (): number { return this.#generation }

  /** Reads the file for the first time. @throws RulesFileInvalidError */
  async load (): Promise<CompiledPolicy> {
    const { content, signature } = await this.#read()
    const { compiled, hash } = content as NonNullable<NewRules>
    this.#signature = signature
    this.#hash = hash
    this.#generation = 1
    return compiled
  }

  /** From now on a change of the file is passed to `apply`, which applies all of it or throws. */
  async start (apply: (compiled: CompiledPolicy) => void, watch: WatchOptions | undefined): Promise<void> {
    this.#apply = apply
    if (watch === undefined) return
    const { pollInterval = 5_000, debounce = 100 } = watch
    this.#followed = new FollowedFile<NewRules>(this.#signature as Signature, {
      path: this.file,
      what: 'Rules file',
      pollInterval,
      still: debounce,
      events: true,
      load: async (signal) => await this.#load(signal),
      take: (rules) => { this.#take(rules) },
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
    if (this.#apply === undefined) {
      throw new AllowedClientsOptionError('app.mtls.reload() was called before the app was ready')
    }
    const turn = this.#last.then(async () => {
      try {
        const { content, signature } = await this.#read()
        this.#take(content)
        this.#followed?.note(signature)
      } catch (error) {
        this.#report(error as Error)
        throw error
      }
    })
    this.#last = turn.catch(() => {})
    await turn
  }

  async #read (): Promise<ReadStill<NewRules>> {
    return await readStill([this.file], { load: async () => await this.#load(this.#controller.signal) })
  }

  async #load (signal: AbortSignal): Promise<NewRules> {
    const bytes = await readRulesBytes(this.file, signal)
    const hash = digest(bytes)
    return hash === this.#hash ? undefined : { compiled: this.#compile(bytes), hash }
  }

  /** Applies new rules, all of them or none. */
  #take (rules: NewRules): void {
    // The other reader of the file may have been faster.
    if (rules !== undefined && rules.hash !== this.#hash) this.#replace(rules)
    // Not before: rules that the app refuses would be told of with each reading.
    this.#reported = undefined
  }

  #replace (rules: NonNullable<NewRules>): void {
    const { file } = this
    this.#wrap(() => this.#apply?.(rules.compiled))
    this.#hash = rules.hash
    this.#generation++
    this.#log.info({ file, generation: this.#generation }, 'rules file reloaded')
    const message: RulesReloadedMessage = { ...this.#head(), file, generation: this.#generation }
    if (rulesReloaded.hasSubscribers) rulesReloaded.publish(message)
  }

  #head (): EventMessage { return { v: 1, time: Date.now(), [EMITTER]: () => this.#server } }

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
    this.#log.error({ ...fields, file, generation }, 'rules file refused, the old rules stay in force')
    const message: RulesRefusedMessage = { ...this.#head(), file, generation, error }
    if (rulesRefused.hasSubscribers) rulesRefused.publish(message)
  }

  #compile (bytes: Uint8Array): CompiledPolicy {
    const { groups, defaultRules } = this.#code
    const rulesOfFile: FileRules = parseRulesFile(this.file, bytes)
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
      authorities: this.#authorities,
      warn: (path, warning) => { this.#log.warn({ file: this.file, path }, warning) }
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

function digest (bytes: Uint8Array): string { return createHash('sha256').update(bytes).digest('base64') }
