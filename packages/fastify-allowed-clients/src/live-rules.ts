import { createHash } from 'node:crypto'
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
import { RuleBook } from './rule-book.ts'
import type { FileRules } from './rule-book.ts'
import { watchFile } from './watch-file.ts'
import type { FileWatch } from './watch-file.ts'

/** What is said in code, beside the file. */
export interface CodeRules {
  readonly groups: Groups
  readonly defaultRules: AllowedClients | undefined
}

/** What live rules have of their app. */
export interface LiveContext {
  readonly log: FastifyBaseLogger
  /** Asked at each reading. */
  readonly authorities: ListAuthorities
}

/** The rules of a file, reloaded while running. A bad file changes nothing. */
export class LiveRules {
  readonly file: string
  readonly #code: CodeRules
  readonly #log: FastifyBaseLogger
  readonly #authorities: ListAuthorities
  #hash = ''
  #generation = 0
  #told: string | undefined
  #apply: ((book: RuleBook) => void) | undefined
  #watch: FileWatch | undefined
  #last: Promise<void> = Promise.resolve()

  constructor (file: string, code: CodeRules, { log, authorities }: LiveContext) {
    this.file = file
    this.#code = code
    this.#log = log
    this.#authorities = authorities
  }

  get generation (): number { return this.#generation }

  /** The first reading. @throws MTLS_ERR_RULES_FILE_INVALID */
  async load (): Promise<RuleBook> {
    const bytes = await readRulesBytes(this.file)
    const book = this.#compile(bytes)
    this.#hash = digest(bytes)
    this.#generation = 1
    return book
  }

  /** From now on a change of the file reaches `apply`, which takes the rules whole or throws. */
  start (apply: (book: RuleBook) => void, watch: WatchOptions | undefined): void {
    this.#apply = apply
    if (watch !== undefined) this.#watch = watchFile(this.file, watch, async () => await this.#follow())
  }

  /**
   * Reads the file again, now. One reading at a time, in the order of asking.
   *
   * @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION before the app is ready
   * @throws MTLS_ERR_RULES_FILE_INVALID, after it was logged and published: the old rules stay
   */
  async reload (): Promise<void> {
    if (this.#apply === undefined) throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION('reload was called before the app was ready')
    const turn = this.#last.then(async () => { await this.#reload() })
    this.#last = turn.catch(() => {})
    await turn
  }

  /** Whether the file was read, well or ill. What could not be read (too many open files, say) may be readable without another change. */
  async #follow (): Promise<boolean> {
    return await this.reload().then(() => true, (error: Partial<RulesFileError>) => error.reason !== 'unreadable')
  }

  async #reload (): Promise<void> {
    const { file } = this
    try {
      const bytes = await readRulesBytes(file)
      const hash = digest(bytes)
      this.#told = undefined
      if (hash === this.#hash) return
      const book = this.#compile(bytes)
      this.#wrap(() => this.#apply?.(book))
      this.#hash = hash
      this.#generation++
    } catch (error) {
      const generation = this.#generation
      // A file that stays unreadable is looked at again and again, and told of once.
      const { message: text } = error as Error
      if (text === this.#told) throw error
      this.#told = text
      this.#log.error({ err: error, file, generation }, 'rules file refused, the old rules stay in force')
      const message: RulesRefusedMessage = { v: 1, time: Date.now(), file, generation, error: error as Error }
      if (rulesRefused.hasSubscribers) rulesRefused.publish(message)
      throw error
    }
    this.#log.info({ file, generation: this.#generation }, 'rules file reloaded')
    const message: RulesReloadedMessage = { v: 1, time: Date.now(), file, generation: this.#generation }
    if (rulesReloaded.hasSubscribers) rulesReloaded.publish(message)
  }

  #compile (bytes: Uint8Array): RuleBook {
    const { groups, defaultRules } = this.#code
    const rulesOfFile: FileRules = parseRulesFile(this.file, bytes)
    if (defaultRules !== undefined && rulesOfFile.defaultRules !== undefined) refuseRulesFile(this.file, 'structure', 'defaultRules: the plugin has them in code, too; expected them in one place')
    const twice = Object.keys(rulesOfFile.groups).find((name) => Object.hasOwn(groups, name))
    if (twice !== undefined) refuseRulesFile(this.file, 'structure', `groups.${twice}: the plugin has this group in code, too; expected it in one place`)
    return this.#wrap(() => new RuleBook(groups, defaultRules, rulesOfFile, {
      authorities: this.#authorities,
      warn: (path, warning) => { this.#log.warn({ file: this.file, path }, warning) }
    }))
  }

  /** A mistake in the rules themselves is one of the file. */
  #wrap<T> (compile: () => T): T {
    try {
      return compile()
    } catch (error) {
      const { code, message } = error as { code?: string, message: string }
      return code === 'MTLS_ERR_RULE_INVALID' || code === 'MTLS_ERR_ALLOWED_CLIENTS_OPTION' ? refuseRulesFile(this.file, 'rule_invalid', message, error) : rethrow(error)
    }
  }

  async close (): Promise<void> {
    this.#watch?.close()
    await this.#last
  }
}

function digest (bytes: Uint8Array): string { return createHash('sha256').update(bytes).digest('base64') }

function rethrow (error: unknown): never { throw error }
