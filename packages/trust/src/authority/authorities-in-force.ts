import type { TrustVersion } from '../decision.ts'
import type { EvaluatorSettings } from '../evaluator-options.ts'
import { readEpoch } from '../revocation/read-epoch.ts'
import { AuthorityIndex } from './authority-index.ts'
import { loadAuthorities } from './load-authority.ts'

type Settings = Pick<EvaluatorSettings, 'authorities' | 'version' | 'block'>

/**
 * The current authorities, and a version that changes with them, with their revocation data and with the block list.
 */
export class AuthoritiesInForce {
  readonly #settings: Settings
  readonly #onReplaced: () => void
  #index: AuthorityIndex
  #trust: number
  #unreadable: string | undefined
  #version: TrustVersion
  /** The last version of the block list and epoch of each checker. */
  readonly #epochs: unknown[] = []
  #epoch = 0

  /**
   * @param onReplaced called after the authorities were read again
   * @throws PathOptionError if they cannot be read
   */
  constructor (settings: Settings, onReplaced: () => void) {
    this.#settings = settings
    this.#onReplaced = onReplaced
    this.#trust = settings.version()
    this.#index = new AuthorityIndex(loadAuthorities(settings.authorities()))
    this.#version = Object.freeze({ trust: this.#trust, revocation: this.#readEpochs() })
  }

  get index (): AuthorityIndex { return this.#index }

  /** Why the authorities could not be read; undefined if they could. */
  get unreadable (): string | undefined { return this.#unreadable }

  /** Reads the authorities again if their version changed. Returns the current version. */
  refresh (): TrustVersion {
    const trust = this.#settings.version()
    if (trust !== this.#trust) {
      this.#trust = trust
      this.#index = this.#reload()
      this.#onReplaced()
    }
    const revocation = this.#readEpochs()
    if (trust !== this.#version.trust || revocation !== this.#version.revocation) {
      this.#version = Object.freeze({ trust, revocation })
    }
    return this.#version
  }

  /** If the authorities cannot be read, there are none, and every certificate is refused. */
  #reload (): AuthorityIndex {
    this.#unreadable = undefined
    try {
      return new AuthorityIndex(loadAuthorities(this.#settings.authorities()))
    } catch (error) {
      // NaN equals no version, so they are read again at the next call.
      this.#trust = Number.NaN
      this.#unreadable = `the authorities cannot be read: ${error instanceof Error ? error.message : String(error)}`
      return new AuthorityIndex([])
    }
  }

  /**
   * Increases when the epoch of a checker or the version of the block list changes. They are compared one by one: in a
   * sum, one change could hide another.
   */
  #readEpochs (): number {
    let index = 0
    const { block } = this.#settings
    let moved = block !== undefined && this.#note(index++, block.version)
    for (const checker of this.#index.checkers) moved = this.#note(index++, readEpoch(checker)) || moved
    if (moved || index !== this.#epochs.length) {
      this.#epochs.length = index
      this.#epoch += 1
    }
    return this.#epoch
  }

  #note (index: number, epoch: unknown): boolean {
    // NaN equals nothing: if an epoch cannot be read, no earlier decision is used again.
    if (this.#epochs[index] === epoch) return false
    this.#epochs[index] = epoch
    return true
  }
}
