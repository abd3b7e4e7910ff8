import type { CheckedAuthority } from '../authority/check-authority.ts'
import type { CheckedMaterial, CheckedTrust, MaterialContext } from '../check-material.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { TrustSnapshot } from '../credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_OPTION, unavailable } from '../errors.ts'
import type { CheckOptions } from '../check-options.ts'
import type { CredentialMaterial, Origins, Secret } from '../material.ts'
import { loadCheckers } from '../revocation-checker.ts'
import type { Checkers } from '../revocation-checker.ts'
import { withinTime } from '../within-time.ts'
import { allPaths, originsOf } from './file-paths.ts'
import type { FilePaths } from './file-paths.ts'
import type { Signature } from './file-signature.ts'
import { FileReader } from './read-files.ts'

/** What one look at the files brought. */
export interface LoadedFiles<Checked extends CheckedTrust = CheckedMaterial> {
  /** Of the contents of all files. */
  readonly digest: string
  /** Undefined where the contents are those in force. */
  readonly checked: Checked | undefined
  /** Loads the CRLs of the authorities that changed. */
  makeCheckers (changed: readonly CheckedAuthority[]): Promise<Checkers>
}

export interface FileLoaderOptions extends CheckOptions {
  readonly passphrase?: Secret | ((question: { signal: AbortSignal }) => Secret | Promise<Secret>) | undefined
  readonly timeout: number
}

/** Checks what was read: credentials, or a trust alone. */
export type Check<Checked extends CheckedTrust> = (material: CredentialMaterial, context: Omit<MaterialContext, 'previous'>, previous: TrustSnapshot | undefined) => Checked

/** Reads files and checks what they hold. */
export class FileLoader<Checked extends CheckedTrust = CheckedMaterial> {
  readonly paths: readonly string[]
  readonly #origins: Origins
  readonly #options: FileLoaderOptions
  readonly #reader: FileReader
  readonly #check: Check<Checked>

  constructor (paths: FilePaths, options: FileLoaderOptions, check: Check<Checked>) {
    this.#check = check
    this.paths = allPaths(paths)
    this.#origins = originsOf(paths)
    this.#options = options
    this.#reader = new FileReader(paths)
  }

  /**
   * @param inForce the digest of what is in force, which is not checked again
   * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED
   */
  async load (signature: Signature, { inForce, previous, signal }: { inForce?: string, previous?: TrustSnapshot, signal: AbortSignal }): Promise<LoadedFiles<Checked>> {
    const { material: read, digest, crlDigests, readCrls } = await this.#reader.read(signature)
    if (digest === inForce) return { digest, checked: undefined, makeCheckers: async () => new Map() }
    const { passphrase: _, timeout: __, ...options } = this.#options
    const material = { ...read, passphrase: await this.#askPassphrase(signal) }
    const checked = this.#check(material, { origins: this.#origins, options, crlDigests }, previous)
    const makeCheckers = async (changed: readonly CheckedAuthority[]): Promise<Checkers> =>
      await loadCheckers(changed, readCrls, options.clock ?? SYSTEM_CLOCK, checked, previous)
    return { digest, checked, makeCheckers }
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
