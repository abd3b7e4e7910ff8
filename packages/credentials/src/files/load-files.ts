import type { RevocationChecker } from '@peerkit/revocation'
import { checkMaterial } from '../check-material.ts'
import type { CheckedMaterial } from '../check-material.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { CredentialSnapshot } from '../credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_OPTION, unavailable } from '../errors.ts'
import type { CheckOptions, Origins, Secret } from '../material.ts'
import { loadChecker } from '../revocation-checker.ts'
import { withinTime } from '../within-time.ts'
import { allPaths, originsOf } from './file-paths.ts'
import type { FilePaths } from './file-paths.ts'
import type { Signature } from './file-signature.ts'
import { FileReader } from './read-files.ts'

/** What one look at the files brought. */
export interface LoadedFiles {
  /** Of the contents of all files. */
  readonly digest: string
  /** Undefined where the contents are those in force. */
  readonly checked: CheckedMaterial | undefined
  /** Loads the CRLs; needed only where the trust changed. */
  makeChecker (): Promise<RevocationChecker | undefined>
}

export interface FileLoaderOptions extends CheckOptions {
  readonly passphrase?: Secret | ((question: { signal: AbortSignal }) => Secret | Promise<Secret>) | undefined
  readonly timeout: number
}

/** Reads files and checks what they hold. */
export class FileLoader {
  readonly paths: readonly string[]
  readonly #origins: Origins
  readonly #options: FileLoaderOptions
  readonly #reader: FileReader

  constructor (paths: FilePaths, options: FileLoaderOptions) {
    this.paths = allPaths(paths)
    this.#origins = originsOf(paths)
    this.#options = options
    this.#reader = new FileReader(paths)
  }

  /**
   * @param inForce the digest of what is in force, which is not checked again
   * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED
   */
  async load (signature: Signature, { inForce, previous, signal }: { inForce?: string, previous?: CredentialSnapshot, signal: AbortSignal }): Promise<LoadedFiles> {
    const { material: read, digest, crlDigests, readCrls } = await this.#reader.read(signature)
    if (digest === inForce) return { digest, checked: undefined, makeChecker: async () => undefined }
    const { passphrase: _, timeout: __, ...options } = this.#options
    const material = { ...read, passphrase: await this.#askPassphrase(signal) }
    const checked = checkMaterial(material, { origins: this.#origins, options, previous, crlDigests })
    const makeChecker = async (): Promise<RevocationChecker | undefined> => await loadChecker({ ...material, crl: await readCrls() }, checked, options, this.#origins.crl, { isFirst: previous === undefined, inForce: previous?.revocation })
    return { digest, checked, makeChecker }
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
