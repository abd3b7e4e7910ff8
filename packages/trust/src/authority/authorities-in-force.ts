import type { CertificateFlaw } from '@peerkit/identity'
import { messageOf } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import type { Candidates } from '../certificate/certificate-set.ts'
import { fingerprintOf } from '../certificate/certificate.ts'
import type { Certificate } from '../certificate/certificate.ts'
import type { TrustVersion } from '../evaluate/decision.ts'
import type { EvaluatorSettings } from '../evaluate/evaluator-options.ts'
import { readEpoch } from '../path/check-revocation.ts'
import { loadAuthorities } from './load-authority.ts'
import type { LoadedAuthority } from './load-authority.ts'
import { OutlivingDecisions } from './outliving-decisions.ts'

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
  readonly #outliving = new OutlivingDecisions()

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
    this.#outliving.note(this.#index.all)
    this.#outliving.add(this.#version)
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
      this.#outliving.note(this.#index.all)
      this.#onReplaced()
    }
    const revocation = this.#readEpochs()
    if (trust !== this.#version.trust || revocation !== this.#version.revocation) {
      this.#version = Object.freeze({ trust, revocation })
      this.#outliving.add(this.#version)
    }
    return this.#version
  }

  /** Whether an earlier decision of an authority holds, although other authorities changed since. */
  outlives (authority: string, version: TrustVersion): boolean {
    return version.revocation === this.#version.revocation && this.#outliving.has(authority, version)
  }

  /** If the authorities cannot be read, there are none, and every certificate is refused. */
  #reload (): AuthorityIndex {
    this.#unreadable = undefined
    try {
      return new AuthorityIndex(loadAuthorities(this.#settings.authorities()))
    } catch (error) {
      // NaN equals no version, so they are read again at the next call.
      this.#trust = Number.NaN
      this.#unreadable = `the authorities cannot be read: ${messageOf(error)}`
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

/** Names that are followed upwards from a leaf. A path has far fewer certificates. */
const MAX_NAMES = 64

/** Authorities by the names of their CAs, so that a handshake tries only those to which a path may lead. */
export class AuthorityIndex {
  /** In the order in which they were declared. */
  readonly all: readonly LoadedAuthority[]
  /** The checkers of all authorities. */
  readonly checkers: readonly RevocationChecker[]
  /** The flaws that at least one authority tolerates. A certificate with another one is not read at all. */
  readonly tolerate: readonly CertificateFlaw[]
  /** Indexes in `all`. */
  readonly #byName = new Map<string, Set<number>>()
  readonly #byAnchor = new Map<string, number[]>()
  readonly #known = new Map<string, Certificate>()

  constructor (authorities: readonly LoadedAuthority[]) {
    this.all = authorities
    // One that all of them ask is asked for its epoch once.
    this.checkers = [...new Set(authorities.flatMap(({ revocation }) => revocation))]
    this.tolerate = [...new Set(authorities.flatMap(({ tolerate }) => tolerate))]
    for (const [place, authority] of authorities.entries()) {
      for (const certificate of [...authority.anchors, ...authority.known]) {
        const { subjectKey } = certificate
        const group = this.#byName.get(subjectKey)
        if (group === undefined) this.#byName.set(subjectKey, new Set([place]))
        else group.add(place)
      }
      for (const { fingerprint } of authority.anchors) {
        this.#byAnchor.set(fingerprint, [...this.#byAnchor.get(fingerprint) ?? [], place])
      }
      for (const certificate of authority.known) this.#known.set(certificate.fingerprint, certificate)
    }
  }

  /**
   * Finds the authorities to which a path from the leaf may lead, by names only, in their order. If there is none, it
   * returns the first one, which then reports the missing issuer. The names that lead to an authority are those of the
   * certificates sent, because above these every path has only certificates of the authority.
   *
   * @throws CertificateInvalidError if the leaf's names cannot be read
   */
  above (leaf: Certificate, sent: Candidates): readonly LoadedAuthority[] {
    if (this.all.length < 2) return this.all
    const found = new Set<number>()
    for (const place of this.#byAnchor.get(leaf.fingerprint) ?? []) found.add(place)
    const names = new Set<string>([leaf.issuerKey])
    for (const name of names) {
      for (const place of this.#byName.get(name) ?? []) found.add(place)
      if (names.size < MAX_NAMES) for (const candidate of sent.named(name)) names.add(candidate.issuerKey)
    }
    if (found.size === 0) return this.all.slice(0, 1)
    return [...found].sort((a, b) => a - b).map((place) => this.all[place]!)
  }

  /** The configured certificate with these bytes. Its signature may be verified already. */
  find (der: Uint8Array): Certificate | undefined {
    return this.#known.size === 0 ? undefined : this.#known.get(fingerprintOf(der))
  }
}
