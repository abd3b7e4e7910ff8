import { CertificateSet, readInput } from '../certificate/certificate-set.ts'
import { PathAnchorsError } from '../errors.ts'
import { sameLists } from '../memory/certificate-store.ts'
import { readEpoch } from '../path/check-revocation.ts'
import type { PathValidatorSettings } from './path-validator-options.ts'

/** The current anchors, and a generation that increases when the anchors or the revocation data change. */
export class AnchorsInForce {
  readonly #settings: PathValidatorSettings
  #generation = 1
  #stated: number | undefined
  #epoch: number | undefined
  #ders: readonly Uint8Array[] = []
  #anchors: CertificateSet | undefined
  #failure = ''

  /** @throws PathAnchorsError if there are no anchors or they cannot be read */
  constructor (settings: PathValidatorSettings) {
    this.#settings = settings
    this.#epoch = settings.revocation === undefined ? undefined : readEpoch(settings.revocation)
    this.#stated = settings.generation?.()
    const { ders, anchors } = this.#load()
    this.#ders = ders
    this.#anchors = anchors
  }

  /** The current anchors; undefined if they cannot be read, and then every path is refused. */
  get anchors (): CertificateSet | undefined {
    return this.#anchors
  }

  /** Why they cannot be read. */
  get failure (): string {
    return this.#failure
  }

  /** Reads changes of the anchors and of the revocation data. Returns the generation. */
  refresh (): number {
    const { revocation, generation } = this.#settings
    const epoch = revocation === undefined ? undefined : readEpoch(revocation)
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#generation += 1
    }
    try {
      const stated = generation?.()
      if (stated === undefined || stated !== this.#stated) this.#reload(stated)
    } catch (error) {
      this.#fail(error)
    }
    return this.#generation
  }

  #reload (stated: number | undefined): void {
    this.#stated = stated
    if (stated === undefined && this.#anchors !== undefined && sameLists(this.#settings.anchors(), this.#ders)) return
    const { ders, anchors } = this.#load()
    this.#ders = ders
    this.#anchors = anchors
    this.#generation += 1
  }

  #fail (error: unknown): void {
    this.#failure = error instanceof Error ? error.message : String(error)
    if (this.#anchors !== undefined) this.#generation += 1
    this.#anchors = undefined
    // NaN equals no number, so the anchors are read again at the next call.
    this.#stated = Number.NaN
  }

  /** Copies the bytes, to compare them later. @throws PathAnchorsError */
  #load (): { ders: readonly Uint8Array[], anchors: CertificateSet } {
    try {
      const given = this.#settings.anchors()
      if (!Array.isArray(given) || given.length === 0) {
        throw new PathAnchorsError('expected a list of at least one certificate in DER')
      }
      const ders = given.map((der: Uint8Array) => new Uint8Array(der))
      return { ders, anchors: new CertificateSet(ders.map((der, index) => readInput(der, `anchors[${index}]`))) }
    } catch (error) {
      if (error instanceof PathAnchorsError) throw error
      throw new PathAnchorsError((error as Error).message, { cause: error })
    }
  }
}
