import type { TrustVersion } from '../decision.ts'
import type { EvaluatorSettings } from '../evaluator-options.ts'
import { readEpoch } from '../revocation/read-epoch.ts'
import { AuthorityIndex } from './authority-index.ts'
import { loadAuthorities } from './load-authority.ts'

type Settings = Pick<EvaluatorSettings, 'authorities' | 'version' | 'block'>

/** The authorities in force, and what tells when they, their lists, or the block list move. */
export class AuthoritiesInForce {
  readonly #settings: Settings
  readonly #onReplaced: () => void
  #index: AuthorityIndex
  #trust: number
  #unreadable: string | undefined
  #version: TrustVersion
  /** What the block list and each checker counted last. */
  readonly #epochs: unknown[] = []
  #epoch = 0

  /**
   * @param onReplaced called when other authorities are in force
   * @throws MTLS_ERR_PATH_OPTION where they cannot be read now
   */
  constructor (settings: Settings, onReplaced: () => void) {
    this.#settings = settings
    this.#onReplaced = onReplaced
    this.#trust = settings.version()
    this.#index = new AuthorityIndex(loadAuthorities(settings.authorities()))
    this.#version = Object.freeze({ trust: this.#trust, revocation: this.#readEpochs() })
  }

  get index (): AuthorityIndex { return this.#index }

  /** Why there are no authorities, where they could not be read. */
  get unreadable (): string | undefined { return this.#unreadable }

  /** Where the trust moved, reads the authorities anew. */
  refresh (): TrustVersion {
    const trust = this.#settings.version()
    if (trust !== this.#trust) {
      this.#trust = trust
      this.#index = this.#reload()
      this.#onReplaced()
    }
    const revocation = this.#readEpochs()
    if (trust !== this.#version.trust || revocation !== this.#version.revocation) this.#version = Object.freeze({ trust, revocation })
    return this.#version
  }

  /** Anchors that cannot be read any more vouch for nobody. */
  #reload (): AuthorityIndex {
    this.#unreadable = undefined
    try {
      return new AuthorityIndex(loadAuthorities(this.#settings.authorities()))
    } catch (error) {
      // They are read again at the next question.
      this.#trust = Number.NaN
      this.#unreadable = `the authorities cannot be read: ${error instanceof Error ? error.message : String(error)}`
      return new AuthorityIndex([])
    }
  }

  /** Moves whenever a checker's epoch or the block list does. They are compared one by one: what one of them counts must not hide another. */
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
    // NaN equals nothing: where an epoch cannot be read, no earlier answer is used again.
    if (this.#epochs[index] === epoch) return false
    this.#epochs[index] = epoch
    return true
  }
}
