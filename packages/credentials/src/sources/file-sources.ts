import { anything, defineOptions, duration, secret } from '@peerkit/identity/internal'
import { CLOCK } from '../clock.ts'
import { CredentialsOptionError } from '../errors.ts'
import { checkPaths, checkTrustPaths } from '../files/file-paths.ts'
import type { AuthorityPaths, FilePaths, TrustPaths } from '../files/file-paths.ts'
import { WATCH_OPTIONS, openFiles } from '../files/open-files.ts'
import type { WatchOptions } from '../files/open-files.ts'
import { checkTrustGiven } from '../material/check-types.ts'
import { CHECK_OPTIONS, MATERIAL_OPTIONS, TRUST_OPTIONS } from '../material/material.ts'
import type { CheckOptions, Secret } from '../material/material.ts'
import type { CredentialSnapshot, CredentialSource, TrustSnapshot, TrustSource } from './credential-snapshot.ts'
import { CREDENTIALS, TRUST } from './frozen-snapshot.ts'

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
   * @throws CredentialsUnavailableError or CredentialsRefusedError for the first part that was refused; that
   *   part keeps its former files
   * @throws CredentialsClosedError after `close()`
   */
  reload (): Promise<CredentialSnapshot>
}

const FILE_CREDENTIALS = defineOptions<FileCredentialsOptions>('fileCredentials', CredentialsOptionError, {
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
 * @throws CredentialsOptionError if an option is missing, unknown or of the wrong type
 * @throws CredentialsUnavailableError if a file cannot be read
 * @throws CredentialsRefusedError if a file does not pass a check
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
  FILE_CREDENTIALS.check(options)
  checkTrustGiven(options as object)
  checkPaths(options)
  return await openFiles(CREDENTIALS, options)
}

/** Options of `fileTrust`. */
export interface FileTrustOptions
  extends Omit<TrustPaths, 'ca'>, Pick<CheckOptions, 'revocationPolicy' | 'clock'>, WatchOptions {
  /** Paths of the trusted CA certificates, PEM. Required unless `authorities` is set. */
  readonly ca?: string | readonly string[] | undefined
  /** Named authorities instead of `ca`, each with its own files. */
  readonly authorities?: Readonly<Record<string, AuthorityPaths>> | undefined
}

/** Trusted CAs from files. */
export interface FileTrust extends TrustSource {
  /**
   * Reads the files now and uses what is valid.
   *
   * @returns the snapshot in use
   * @throws CredentialsUnavailableError or CredentialsRefusedError for the first authority that was refused;
   *   that authority keeps its former files
   * @throws CredentialsClosedError after `close()`
   */
  reload (): Promise<TrustSnapshot>
}

const FILE_TRUST = defineOptions<FileTrustOptions>('fileTrust', CredentialsOptionError, {
  ...TRUST_OPTIONS, revocationPolicy: anything, clock: CLOCK, ...WATCH_OPTIONS
})

/**
 * Loads trusted CAs and CRLs from files, without a certificate or key, and reloads them when the files change. For
 * services behind a gateway that terminates TLS.
 *
 * @param options paths of the files, and how they are watched
 * @returns the source, once all files passed every check
 * @throws CredentialsOptionError if an option is missing, unknown or of the wrong type
 * @throws CredentialsUnavailableError if a file cannot be read
 * @throws CredentialsRefusedError if a file does not pass a check
 * @example
 * ```ts
 * const trust = await fileTrust({ authorities: { clients: { ca: 'ca.pem', names: { subject: { ou: 'billing' } } } } })
 * console.log(trust.current.authorities.map(({ name }) => name))
 * await trust.close()
 * ```
 */
export async function fileTrust (options: FileTrustOptions): Promise<FileTrust> {
  FILE_TRUST.check(options)
  checkTrustGiven(options as object)
  checkTrustPaths(options)
  return await openFiles(TRUST, options)
}
