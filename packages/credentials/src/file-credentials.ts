import { checkMaterial } from './check-material.ts'
import type { CheckedMaterial, MaterialContext } from './check-material.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { FILE_PARTS, checkPaths } from './files/file-paths.ts'
import type { FilePaths } from './files/file-paths.ts'
import { WATCH_OPTIONS, followFiles, readWatchOptions } from './files/followed-files.ts'
import type { FollowedFiles, LoadedStill, WatchOptions } from './files/followed-files.ts'
import { FileLoader } from './files/load-files.ts'
import type { Check } from './files/load-files.ts'
import { LiveSource } from './live-source.ts'
import { checkTrustGiven } from './material-check.ts'
import type { CheckOptions } from './check-options.ts'
import type { Secret } from './material.ts'
import { CHECK_OPTIONS, checkCheckOptions, checkDuration, checkKeys } from './option-check.ts'

export interface FileCredentialsOptions extends FilePaths, CheckOptions, WatchOptions {
  /** For an encrypted key or PKCS#12; a function is asked at every load. */
  readonly passphrase?: Secret | ((question: { signal: AbortSignal }) => Secret | Promise<Secret>) | undefined
  /** How long a passphrase function may take, in milliseconds. Default 10,000. */
  readonly timeout?: number | undefined
}

export interface FileCredentials extends CredentialSource {
  /**
   * Reads the files now, without waiting for them to lie still, and puts them in force. For `watch: false`, or a signal handler.
   *
   * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED, and the old stays in force. MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  reload (): Promise<CredentialSnapshot>
}

const KNOWN = [...FILE_PARTS, 'authorities', 'passphrase', 'timeout', ...WATCH_OPTIONS, ...CHECK_OPTIONS]

/**
 * Credentials from files, which are watched: whatever way they are written, a change that passes every check is put in force, and one that does not leaves the old in
 * force and is told to the subscribers. Rejects where the files at hand do not pass.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED
 */
export async function fileCredentials (options: FileCredentialsOptions): Promise<FileCredentials> {
  checkKeys(options, KNOWN, [], 'fileCredentials')
  checkTrustGiven(options as object, 'fileCredentials')
  checkPaths(options)
  checkCheckOptions(options, 'fileCredentials')
  const { passphrase, use, chain, revocationPolicy, clock } = options
  const watching = readWatchOptions(options)
  checkPassphrase(passphrase)
  const timeout = checkDuration(options.timeout, 10_000, 'timeout')
  const { cert, key, pfx, ca, crl, crlIssuers, intermediates, authorities } = options
  const check: Check<CheckedMaterial> = (material, context) => checkMaterial(material, context as MaterialContext)
  const loader = new FileLoader({ cert, key, pfx, ca, crl, crlIssuers, intermediates, authorities }, { passphrase, timeout, use, chain, revocationPolicy, clock }, check)
  return await followFiles(loader, watching, clock, (first, files) => new FileSource(first, files))
}

class FileSource extends LiveSource implements FileCredentials {
  readonly #files: FollowedFiles<CheckedMaterial>

  constructor (first: LoadedStill<CheckedMaterial>, files: FollowedFiles<CheckedMaterial>) {
    super(first.checked, first.checkers)
    this.#files = files
  }

  async reload (): Promise<CredentialSnapshot> {
    return await this.#files.reload(this) as CredentialSnapshot
  }

  protected override async stop (): Promise<void> {
    await this.#files.close()
  }
}

function checkPassphrase (passphrase: unknown): void {
  if (passphrase === undefined || typeof passphrase === 'string' || passphrase instanceof Uint8Array || typeof passphrase === 'function') return
  throw new MTLS_ERR_CREDENTIALS_OPTION(`passphrase is of type ${typeof passphrase}; expected a string, a Buffer or a function`)
}
