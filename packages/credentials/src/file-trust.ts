import { anything, defineOptions } from '@peerkit/identity/internal'
import { checkTrust } from './check-material.ts'
import type { CheckedTrust } from './check-material.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import type { Clock } from './clock.ts'
import type { TrustSnapshot, TrustSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { checkTrustPaths } from './files/file-paths.ts'
import type { AuthorityPaths, TrustPaths } from './files/file-paths.ts'
import { WATCH_OPTIONS, followFiles, readWatchOptions } from './files/followed-files.ts'
import type { FollowedFiles, LoadedStill, WatchOptions } from './files/followed-files.ts'
import { FileLoader } from './files/load-files.ts'
import { FrozenTrust } from './frozen-trust.ts'
import { LiveTrust } from './live-trust.ts'
import { checkTrustGiven } from './material-check.ts'
import { TRUST_OPTIONS } from './material.ts'
import { CLOCK } from './check-options.ts'
import type { CheckOptions } from './check-options.ts'

type TrustCheckOptions = Pick<CheckOptions, 'revocationPolicy' | 'clock'>

/** Options of `fileTrust`. */
export interface FileTrustOptions extends Omit<TrustPaths, 'ca'>, TrustCheckOptions, WatchOptions {
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
   * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE or MTLS_ERR_CREDENTIALS_REFUSED for the first authority that was refused;
   *   that authority keeps its former files
   * @throws MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  reload (): Promise<TrustSnapshot>
}

/** Time limit of a passphrase function. A trust has no key, so it is never used. */
const NO_TIMEOUT = 1
const OPTIONS = defineOptions<FileTrustOptions>('fileTrust', MTLS_ERR_CREDENTIALS_OPTION, {
  ...TRUST_OPTIONS, revocationPolicy: anything, clock: CLOCK, ...WATCH_OPTIONS
})

/**
 * Loads trusted CAs and CRLs from files, without a certificate or key, and reloads them when the files change. For
 * services behind a gateway that terminates TLS.
 *
 * @param options paths of the files, and how they are watched
 * @returns the source, once all files passed every check
 * @throws MTLS_ERR_CREDENTIALS_OPTION if an option is missing, unknown or of the wrong type
 * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE if a file cannot be read
 * @throws MTLS_ERR_CREDENTIALS_REFUSED if a file does not pass a check
 * @example
 * ```ts
 * const trust = await fileTrust({ authorities: { clients: { ca: 'ca.pem', names: { subject: { ou: 'billing' } } } } })
 * console.log(trust.current.authorities.map(({ name }) => name))
 * await trust.close()
 * ```
 */
export async function fileTrust (options: FileTrustOptions): Promise<FileTrust> {
  OPTIONS.check(options)
  checkTrustGiven(options as object)
  checkTrustPaths(options)
  const { ca, crl, crlIssuers, intermediates, authorities, revocationPolicy, clock } = options
  const watching = readWatchOptions(options)
  const paths = { ca, crl, crlIssuers, intermediates, authorities }
  const checkOptions = { timeout: NO_TIMEOUT, revocationPolicy, clock }
  const loader = new FileLoader(paths, checkOptions, (material, context) => checkTrust(material, context))
  return await followFiles(loader, watching, clock, (first, files) => {
    return new TrustFiles(first, files, clock ?? SYSTEM_CLOCK)
  })
}

class TrustFiles extends LiveTrust<TrustSnapshot, CheckedTrust> implements FileTrust {
  readonly #files: FollowedFiles<CheckedTrust>

  constructor (first: LoadedStill<CheckedTrust>, files: FollowedFiles<CheckedTrust>, clock: Clock) {
    super(first.checked, first.checkers, clock, (checked, state) => new FrozenTrust(checked, state))
    this.#files = files
  }

  async reload (): Promise<TrustSnapshot> {
    return await this.#files.reload(this) as TrustSnapshot
  }

  protected override recheck (): void {
    this.reload().catch(() => {})
  }

  protected override async stop (): Promise<void> {
    await this.#files.close()
  }
}
