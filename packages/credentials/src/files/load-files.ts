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

/** What one look at the files brought. */
export interface LoadedFiles<Checked extends CheckedTrust = CheckedMaterial> {
  /** Of the contents of each part that was not refused. */
  readonly digests: ReadonlyMap<Part, string>
  /** What fits of the files, and for the rest what was in force. Undefined where the contents are those in force. */
  readonly checked: Checked | undefined
  /** Of the authorities that changed. */
  readonly checkers: Checkers
  /** The parts that were refused, and stay as they are in force. */
  readonly refusals: ReadonlyMap<Part, Error>
}

/** What is in force, which files may take the place of. */
export interface LoadedBefore<Checked extends CheckedTrust> {
  readonly source: Pick<Followed<Checked>, 'current' | 'checked' | 'changedAuthorities'>
  /** Of the contents that it was made of; without them all is checked anew. */
  readonly digests?: ReadonlyMap<Part, string>
}

export interface FileLoaderOptions extends CheckOptions {
  readonly passphrase?: Secret | ((question: { signal: AbortSignal }) => Secret | Promise<Secret>) | undefined
  readonly timeout: number
}

/** Checks what was read: credentials, or a trust alone. */
export type Check<Checked extends CheckedTrust> = (material: CredentialMaterial, context: TrustContext) => Checked

/** Reads files and checks what they hold. */
export class FileLoader<Checked extends CheckedTrust = CheckedMaterial> {
  readonly paths: readonly string[]
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
   * Each part is taken by itself: our certificate and key, and each authority with all of its files. One that is
   * refused stays as it is in force. Where nothing is in force yet, everything has to be right.
   *
   * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED
   */
  async load (signature: Signature, { before, signal }: { before?: LoadedBefore<Checked>, signal: AbortSignal }): Promise<LoadedFiles<Checked>> {
    const read = await this.#reader.read(signature)
    const refusals = new Map(read.failures)
    if (before?.digests !== undefined && isSame(read.digests, before.digests)) return { digests: before.digests, checked: undefined, checkers: new Map(), refusals }
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
        return { ...taken, digests: new Map([...read.digests].filter(([part]) => !refusals.has(part))), refusals }
      } catch (error) {
        const parts = partsOf(error as Error).filter((part) => !refusals.has(part))
        if (before === undefined || parts.length === 0) throw error
        for (const part of parts) refusals.set(part, error as Error)
      }
    }
  }

  async #check (material: CredentialMaterial, { crlDigests, readCrls }: FilesRead, source: LoadedBefore<Checked>['source'] | undefined, refusals: ReadonlyMap<Part, Error>): Promise<{ checked: Checked, checkers: Checkers }> {
    const { passphrase: _, timeout: __, ...options } = this.#options
    const previous = source?.current
    const kept = source === undefined ? undefined : { parts: new Set(refusals.keys()), inForce: source.checked }
    const checked = this.#checkMaterial(material, { origins: this.#origins, options, crlDigests, previous, kept })
    const changed = source?.changedAuthorities(checked) ?? checked.authorities
    return { checked, checkers: await loadCheckers(changed, readCrls, options.clock ?? SYSTEM_CLOCK, checked, previous) }
  }

  /** The next load reads every byte, whatever the file system says of changes. */
  forget (): void { this.#reader.forget() }

  async #askPassphrase (signal: AbortSignal): Promise<Secret | undefined> {
    const { passphrase, timeout, clock = SYSTEM_CLOCK } = this.#options
    if (typeof passphrase !== 'function') return passphrase
    let answer: unknown
    try {
      answer = await withinTime(async (ownSignal) => await passphrase({ signal: ownSignal }), { clock, timeout, signal, what: 'passphrase' })
    } catch (error) {
      throw unavailable('passphrase', `the passphrase function failed: ${(error as Error | undefined)?.message ?? 'for no reason given'}`, error)
    }
    if (typeof answer !== 'string' && !(answer instanceof Uint8Array)) throw new MTLS_ERR_CREDENTIALS_OPTION(`passphrase function gave a value of type ${typeof answer}; expected a string or Buffer`)
    return answer
  }
}

function isSame (one: ReadonlyMap<Part, string>, other: ReadonlyMap<Part, string>): boolean {
  return one.size === other.size && [...one].every(([part, digest]) => other.get(part) === digest)
}
