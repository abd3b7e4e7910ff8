import type { CheckedMaterial, CheckedTrust, TrustContext } from '../check-material.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import { MTLS_ERR_CREDENTIALS_OPTION, unavailable } from '../errors.ts'
import type { CheckOptions } from '../check-options.ts'
import type { CredentialMaterial, Origins, Secret } from '../material.ts'
import { partsOf } from '../part.ts'
import type { Part } from '../part.ts'
import { loadCheckers } from '../revocation-checker.ts'
import type { Checkers } from '../revocation-checker.ts'
import { withinTime } from '../within-time.ts'
import { allPaths, originsOf } from './file-paths.ts'
import type { FilePaths } from './file-paths.ts'
import type { Signature } from './file-signature.ts'
import type { Followed } from './followed.ts'
import { FileReader } from './read-files.ts'
import type { FilesRead } from './read-files.ts'
import { Turns } from './turns.ts'

/** The result of reading the files once. */
export interface LoadedFiles<Checked extends CheckedTrust = CheckedMaterial> {
  /** Digests of the parts that were not refused. */
  readonly digests: ReadonlyMap<Part, string>
  /** The valid parts of the files, and for the others the parts in use. Undefined if the contents are those in use. */
  readonly checked: Checked | undefined
  /** The checkers of the authorities that changed. */
  readonly checkers: Checkers
  /** The parts that were refused, with their errors. */
  readonly refusals: ReadonlyMap<Part, Error>
}

/** What is in use, which new files replace. */
export interface LoadedBefore<Checked extends CheckedTrust> {
  readonly source: Pick<Followed<Checked>, 'current' | 'checked' | 'changedAuthorities'>
  /** Digests of the contents in use. Without them, everything is checked again. */
  readonly digests?: ReadonlyMap<Part, string>
}

export interface FileLoaderOptions extends CheckOptions {
  readonly passphrase?: Secret | ((question: { signal: AbortSignal }) => Secret | Promise<Secret>) | undefined
  readonly timeout: number
}

/** Checks the contents: credentials, or a trust without a key. */
export type Check<Checked extends CheckedTrust> = (material: CredentialMaterial, context: TrustContext) => Checked

/** Reads and checks files. */
export class FileLoader<Checked extends CheckedTrust = CheckedMaterial> {
  readonly paths: readonly string[]
  /**
   * Whoever loads files, and uses them, does so in one turn: a load compares the files with what is in use, so that must
   * not change before its result is used.
   */
  readonly turns = new Turns()
  readonly #origins: Origins
  readonly #options: FileLoaderOptions
  readonly #reader: FileReader
  readonly #checkMaterial: Check<Checked>

  constructor (paths: FilePaths, options: FileLoaderOptions, check: Check<Checked>) {
    this.#checkMaterial = check
    this.paths = allPaths(paths)
    this.#origins = originsOf(paths)
    this.#options = options
    this.#reader = new FileReader(paths)
  }

  /**
   * Reads and checks the files. Each part is accepted or refused separately: our certificate and key, and each
   * authority with its files. A part that is refused stays as it is in use. If nothing is in use yet, every file has to
   * be valid.
   *
   * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED
   */
  async load (
    signature: Signature, { before, signal }: { before?: LoadedBefore<Checked>, signal: AbortSignal }
  ): Promise<LoadedFiles<Checked>> {
    const read = await this.#reader.read(signature)
    const refusals = new Map(read.failures)
    if (before?.digests !== undefined && isSame(read.digests, before.digests)) {
      return { digests: before.digests, checked: undefined, checkers: new Map(), refusals }
    }
    const [first] = refusals.values()
    if (before === undefined && first !== undefined) throw first
    const passphrase = await this.#askPassphrase(signal).catch((error: unknown) => {
      if (before === undefined) throw error
      if (!refusals.has(undefined)) refusals.set(undefined, error as Error)
      return undefined
    })
    const material = { ...read.material, passphrase }
    for (;;) {
      try {
        const taken = await this.#check(material, read, before?.source, refusals)
        const digests = new Map([...read.digests].filter(([part]) => !refusals.has(part)))
        return { ...taken, digests, refusals }
      } catch (error) {
        const parts = partsOf(error as Error).filter((part) => !refusals.has(part))
        if (before === undefined || parts.length === 0) throw error
        for (const part of parts) refusals.set(part, error as Error)
      }
    }
  }

  async #check (
    material: CredentialMaterial, { crlDigests, readCrls }: FilesRead,
    source: LoadedBefore<Checked>['source'] | undefined, refusals: ReadonlyMap<Part, Error>
  ): Promise<{ checked: Checked, checkers: Checkers }> {
    const { passphrase: _, timeout: __, ...options } = this.#options
    const previous = source?.current
    const kept = source === undefined ? undefined : { parts: new Set(refusals.keys()), inForce: source.checked }
    const checked = this.#checkMaterial(material, { origins: this.#origins, options, crlDigests, previous, kept })
    const changed = source?.changedAuthorities(checked) ?? checked.authorities
    const checkers = await loadCheckers(changed, readCrls, options.clock ?? SYSTEM_CLOCK, checked, previous)
    return { checked, checkers }
  }

  /** Call when the files did not change during the last load: the next one skips CRLs that are the same since then. */
  remember (): void { this.#reader.remember() }

  /** Makes the next load read every byte, even if the file system reports no change. */
  forget (): void { this.#reader.forget() }

  async #askPassphrase (signal: AbortSignal): Promise<Secret | undefined> {
    const { passphrase, timeout, clock = SYSTEM_CLOCK } = this.#options
    if (typeof passphrase !== 'function') return passphrase
    let answer: unknown
    try {
      const ask = async (ownSignal: AbortSignal): Promise<unknown> => await passphrase({ signal: ownSignal })
      answer = await withinTime(ask, { clock, timeout, signal, what: 'passphrase' })
    } catch (error) {
      const why = (error as Error | undefined)?.message ?? 'it gave no reason'
      throw unavailable('passphrase', `the passphrase function failed: ${why}`, error)
    }
    if (typeof answer === 'string' || answer instanceof Uint8Array) return answer
    const found = `a value of type ${typeof answer}`
    throw new MTLS_ERR_CREDENTIALS_OPTION(`the passphrase function returned ${found}; expected a string or Buffer`)
  }
}

function isSame (one: ReadonlyMap<Part, string>, other: ReadonlyMap<Part, string>): boolean {
  return one.size === other.size && [...one].every(([part, digest]) => other.get(part) === digest)
}
