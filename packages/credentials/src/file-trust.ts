import { checkTrust } from './check-material.ts'
import type { CheckedTrust } from './check-material.ts'
import type { TrustSnapshot, TrustSource } from './credential-snapshot.ts'
import { checkTrustPaths } from './files/file-paths.ts'
import type { AuthorityPaths, TrustPaths } from './files/file-paths.ts'
import { WATCH_OPTIONS, followFiles, readWatchOptions } from './files/followed-files.ts'
import type { FollowedFiles, LoadedStill, WatchOptions } from './files/followed-files.ts'
import { FileLoader } from './files/load-files.ts'
import { FrozenTrust } from './frozen-trust.ts'
import { LiveTrust } from './live-trust.ts'
import { checkTrustGiven } from './material-check.ts'
import { TRUST_PARTS } from './material.ts'
import type { CheckOptions } from './check-options.ts'
import { checkCheckOptions, checkKeys } from './option-check.ts'

export interface FileTrustOptions extends Omit<TrustPaths, 'ca'>, Pick<CheckOptions, 'revocationPolicy' | 'clock'>, WatchOptions {
  /** Whom we trust, PEM. Needed unless there is `authorities`. */
  readonly ca?: string | readonly string[] | undefined
  /** Named authorities in place of `ca`, each with files of its own. */
  readonly authorities?: Readonly<Record<string, AuthorityPaths>> | undefined
}

export interface FileTrust extends TrustSource {
  /**
   * Reads the files now and puts them in force.
   *
   * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED, and the old stays in force. MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  reload (): Promise<TrustSnapshot>
}

/** How long a passphrase may take: there is none. */
const NO_TIMEOUT = 1

/**
 * Whom we trust, from files that are watched: without a certificate or key of our own, for services behind a gateway that ends TLS for them.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED
 * @example
 * const trust = await fileTrust({ authorities: { clients: { ca: 'clients.pem', names: { subject: { o: 'Example' } } } } })
 */
export async function fileTrust (options: FileTrustOptions): Promise<FileTrust> {
  checkKeys(options, [...TRUST_PARTS, 'authorities', 'revocationPolicy', 'clock', ...WATCH_OPTIONS], [], 'fileTrust')
  checkTrustGiven(options as object, 'fileTrust')
  checkCheckOptions(options, 'fileTrust')
  checkTrustPaths(options)
  const { ca, crl, crlIssuers, intermediates, authorities, revocationPolicy, clock } = options
  const watching = readWatchOptions(options)
  const loader = new FileLoader({ ca, crl, crlIssuers, intermediates, authorities }, { timeout: NO_TIMEOUT, revocationPolicy, clock }, (material, context) => checkTrust(material, context))
  return await followFiles(loader, watching, clock, (first, files) => new TrustFiles(first, files))
}

class TrustFiles extends LiveTrust<TrustSnapshot, CheckedTrust> implements FileTrust {
  readonly #files: FollowedFiles<CheckedTrust>

  constructor (first: LoadedStill<CheckedTrust>, files: FollowedFiles<CheckedTrust>) {
    super(first.checked, first.checkers, (checked, state) => new FrozenTrust(checked, state))
    this.#files = files
  }

  async reload (): Promise<TrustSnapshot> {
    return await this.#files.reload(this) as TrustSnapshot
  }

  protected override async stop (): Promise<void> {
    await this.#files.close()
  }
}
