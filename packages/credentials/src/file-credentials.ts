import { defineOptions, duration, secret } from '@peerkit/identity/internal'
import { checkMaterial } from './check-material.ts'
import type { CheckedMaterial, MaterialContext } from './check-material.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import type { Clock } from './clock.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { checkPaths } from './files/file-paths.ts'
import type { FilePaths } from './files/file-paths.ts'
import { WATCH_OPTIONS, followFiles, readWatchOptions } from './files/followed-files.ts'
import type { FollowedFiles, LoadedStill, WatchOptions } from './files/followed-files.ts'
import { FileLoader } from './files/load-files.ts'
import type { Check } from './files/load-files.ts'
import { LiveSource } from './live-source.ts'
import { checkTrustGiven } from './material-check.ts'
import { CHECK_OPTIONS } from './check-options.ts'
import type { CheckOptions } from './check-options.ts'
import { MATERIAL_OPTIONS } from './material.ts'
import type { Secret } from './material.ts'

/** Options of `fileCredentials`. */
export interface FileCredentialsOptions extends FilePaths, CheckOptions, WatchOptions {
  /** Passphrase of an encrypted key or of PKCS#12. A function is called at every load. */
  readonly passphrase?: Secret | ((question: { signal: AbortSignal }) => Secret | Promise<Secret>) | undefined
  /** Time limit of a passphrase function, in milliseconds. Default 10,000. */
  readonly timeout?: number | undefined
}

/** Credentials from files. */
export interface FileCredentials extends CredentialSource {
  /**
   * Reads the files now and uses what is valid. For `watch: false`, or a signal handler. It does not wait until the
   * files stop changing.
   *
   * @returns the snapshot in use
   * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE or MTLS_ERR_CREDENTIALS_REFUSED for the first part that was refused; that
   *   part keeps its former files
   * @throws MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  reload (): Promise<CredentialSnapshot>
}

const OPTIONS = defineOptions<FileCredentialsOptions>('fileCredentials', MTLS_ERR_CREDENTIALS_OPTION, {
  ...MATERIAL_OPTIONS,
  passphrase: secret('a string, a Buffer or a function', (value) => {
    return typeof value === 'string' || value instanceof Uint8Array || typeof value === 'function'
  }),
  timeout: duration(),
  ...WATCH_OPTIONS,
  ...CHECK_OPTIONS
})

/**
 * Loads certificate, key, CAs and CRLs from files, and reloads them when the files change.
 *
 * A change that passes every check is used. Otherwise the former files stay in use, and subscribers get the change
 * `refused`. Certificate and key are one part; each authority with its files is another. A part that is refused does
 * not hold back the others.
 *
 * @param options paths of the files, and how they are watched and checked
 * @returns the source, once all files passed every check
 * @throws MTLS_ERR_CREDENTIALS_OPTION if an option is missing, unknown or of the wrong type
 * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE if a file cannot be read
 * @throws MTLS_ERR_CREDENTIALS_REFUSED if a file does not pass a check
 * @example
 * ```ts
 * const source = await fileCredentials({
 *   cert: 'ledger.pem', key: 'ledger.key', ca: 'ca.pem', crl: 'ca.crl', waitFor: 30_000
 * })
 * source.subscribe((change) => {
 *   if (change.type === 'refused') console.error(change.error.message)
 * })
 * console.log(String(source.current.identity))
 * await source.close()
 * ```
 */
export async function fileCredentials (options: FileCredentialsOptions): Promise<FileCredentials> {
  OPTIONS.check(options)
  checkTrustGiven(options as object)
  checkPaths(options)
  const { passphrase, timeout = 10_000, use, chain, revocationPolicy, sendCaNames, clock } = options
  const watching = readWatchOptions(options)
  const { cert, key, pfx, ca, crl, crlIssuers, intermediates, authorities } = options
  const check: Check<CheckedMaterial> = (material, context) => checkMaterial(material, context as MaterialContext)
  const paths = { cert, key, pfx, ca, crl, crlIssuers, intermediates, authorities }
  const loader = new FileLoader(paths, { passphrase, timeout, use, chain, revocationPolicy, sendCaNames, clock }, check)
  return await followFiles(loader, watching, clock, (first, files) => {
    return new FileSource(first, files, clock ?? SYSTEM_CLOCK)
  })
}

class FileSource extends LiveSource implements FileCredentials {
  readonly #files: FollowedFiles<CheckedMaterial>

  constructor (first: LoadedStill<CheckedMaterial>, files: FollowedFiles<CheckedMaterial>, clock: Clock) {
    super(first.checked, first.checkers, clock)
    this.#files = files
  }

  async reload (): Promise<CredentialSnapshot> {
    return await this.#files.reload(this) as CredentialSnapshot
  }

  protected override recheck (): void {
    this.reload().catch(() => {})
  }

  protected override async stop (): Promise<void> {
    await this.#files.close()
  }
}
