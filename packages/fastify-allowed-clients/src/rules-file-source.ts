import { createHash } from 'node:crypto'
import { EMITTER } from '@peerkit/events'
import type { EventMessage } from '@peerkit/events'
import type { Groups } from '@peerkit/rules'
import type { FastifyBaseLogger } from 'fastify'
import type { AllowedClients } from './allowed-clients.ts'
import { rulesRefused, rulesReloaded } from './channels.ts'
import type { RulesRefusedMessage, RulesReloadedMessage } from './channels.ts'
import { MTLS_ERR_ALLOWED_CLIENTS_OPTION, refuseRulesFile } from './errors.ts'
import type { RulesFileError } from './errors.ts'
import type { ListAuthorities } from './known-authorities.ts'
import type { WatchOptions } from './plugin-options.ts'
import { parseRulesFile, readRulesBytes } from './read-rules-file.ts'
import { CompiledPolicy } from './compiled-policy.ts'
import type { FileRules } from './compiled-policy.ts'
import { watchFile } from './watch-file.ts'
import type { FileWatch } from './watch-file.ts'

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
  #watch: FileWatch | undefined
  #last: Promise<void> = Promise.resolve()

  constructor (file: string, code: CodeRules, { log, server, authorities }: RulesFileContext) {
    this.file = file
    this.#code = code
    this.#log = log
    this.#server = server
    this.#authorities = authorities
  }

  get generation (): number { return this.#generation }

  /** Reads the file for the first time. @throws MTLS_ERR_RULES_FILE_INVALID */
  async load (): Promise<CompiledPolicy> {
    const bytes = await readRulesBytes(this.file)
    const compiled = this.#compile(bytes)
    this.#hash = digest(bytes)
    this.#generation = 1
    return compiled
  }

  /** From now on a change of the file is passed to `apply`, which applies all of it or throws. */
  start (apply: (compiled: CompiledPolicy) => void, watch: WatchOptions | undefined): void {
    this.#apply = apply
    if (watch !== undefined) this.#watch = watchFile(this.file, watch, async () => await this.#follow())
  }

  /**
   * Reads the file now. Concurrent calls run one after the other.
   *
   * @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION before the app is ready
   * @throws MTLS_ERR_RULES_FILE_INVALID after it was logged and published; the old rules stay in force
   */
  async reload (): Promise<void> {
    if (this.#apply === undefined) {
      throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION('app.mtls.reload() was called before the app was ready')
    }
    const turn = this.#last.then(async () => { await this.#reload() })
    this.#last = turn.catch(() => {})
    await turn
  }

  /**
   * Returns whether the file could be read, valid or not. An unreadable file (too many open files, say) may become
   * readable without a change.
   */
  async #follow (): Promise<boolean> {
    return await this.reload().then(() => true, (error: Partial<RulesFileError>) => error.reason !== 'unreadable')
  }

  async #reload (): Promise<void> {
    const { file } = this
    try {
      const bytes = await readRulesBytes(file)
      const hash = digest(bytes)
      this.#reported = undefined
      if (hash === this.#hash) return
      const compiled = this.#compile(bytes)
      this.#wrap(() => this.#apply?.(compiled))
      this.#hash = hash
      this.#generation++
    } catch (error) {
      const generation = this.#generation
      // A file that stays unreadable is read again and again, but reported once.
      const { message: text } = error as Error
      if (text === this.#reported) throw error
      this.#reported = text
      this.#log.error({ err: error, file, generation }, 'rules file refused, the old rules stay in force')
      const message: RulesRefusedMessage = { ...this.#head(), file, generation, error: error as Error }
      if (rulesRefused.hasSubscribers) rulesRefused.publish(message)
      throw error
    }
    this.#log.info({ file, generation: this.#generation }, 'rules file reloaded')
    const message: RulesReloadedMessage = { ...this.#head(), file, generation: this.#generation }
    if (rulesReloaded.hasSubscribers) rulesReloaded.publish(message)
  }

  #head (): EventMessage { return { v: 1, time: Date.now(), [EMITTER]: () => this.#server } }

  #compile (bytes: Uint8Array): CompiledPolicy {
    const { groups, defaultRules } = this.#code
    const rulesOfFile: FileRules = parseRulesFile(this.file, bytes)
    if (defaultRules !== undefined && rulesOfFile.defaultRules !== undefined) {
      refuseRulesFile(this.file, 'structure', 'defaultRules is also in code; expected it in one place')
    }
    const twice = Object.keys(rulesOfFile.groups).find((name) => Object.hasOwn(groups, name))
    if (twice !== undefined) {
      refuseRulesFile(this.file, 'structure', `groups.${twice} is also in code; expected it in one place`)
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
      const { code, message } = error as { code?: string, message: string }
      return code === 'MTLS_ERR_RULE_INVALID' || code === 'MTLS_ERR_ALLOWED_CLIENTS_OPTION'
        ? refuseRulesFile(this.file, 'rule_invalid', message, error)
        : rethrow(error)
    }
  }

  async close (): Promise<void> {
    this.#watch?.close()
    await this.#last
  }
}

function digest (bytes: Uint8Array): string { return createHash('sha256').update(bytes).digest('base64') }

function rethrow (error: unknown): never { throw error }
