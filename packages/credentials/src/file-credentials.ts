import type { RevocationChecker } from '@peerkit/revocation'
import type { CheckedMaterial } from './check-material.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED, MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { FILE_PARTS, checkPaths } from './files/file-paths.ts'
import type { FilePaths } from './files/file-paths.ts'
import { readSignature } from './files/file-signature.ts'
import type { Signature } from './files/file-signature.ts'
import { FileFollower } from './files/follow-files.ts'
import { FileLoader } from './files/load-files.ts'
import type { LoadedFiles } from './files/load-files.ts'
import { keepAlive } from './keep-alive.ts'
import { LiveSource } from './live-source.ts'
import type { CheckOptions, Secret } from './material.ts'
import { CHECK_OPTIONS, checkCheckOptions, checkDuration, checkKeys, show } from './option-check.ts'

export interface FileCredentialsOptions extends FilePaths, CheckOptions {
  /** For an encrypted key or PKCS#12; a function is asked at every load. */
  readonly passphrase?: Secret | ((question: { signal: AbortSignal }) => Secret | Promise<Secret>) | undefined
  /** How long a passphrase function may take, in milliseconds. Default 10,000. */
  readonly timeout?: number | undefined
  /** Take changes of the files while running. Default true; `'poll'` looks at intervals alone, without events. */
  readonly watch?: boolean | 'poll' | undefined
  /** How often to look at the files besides their events, in milliseconds; for file systems that send none. Default 10,000. */
  readonly poll?: number | undefined
  /** How long files may not fit together before it is said, in milliseconds: certificate and key are rarely written at once. Default 5,000. */
  readonly settle?: number | undefined
}

export interface FileCredentials extends CredentialSource {
  /**
   * Reads the files now, without waiting for them to lie still, and puts them in force. For `watch: false`, or a signal handler.
   *
   * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED, and the old stays in force. MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  reload (): Promise<CredentialSnapshot>
}

const KNOWN = [...FILE_PARTS, 'passphrase', 'timeout', 'watch', 'poll', 'settle', ...CHECK_OPTIONS]

/** How often files that change while they are read are read again at once. */
const ATTEMPTS = 20

/**
 * Credentials from files, which are watched: whatever way they are written, a change that passes every check is put in force, and one that does not leaves the old in
 * force and is told to the subscribers. Rejects where the files at hand do not pass.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED
 */
export async function fileCredentials (options: FileCredentialsOptions): Promise<FileCredentials> {
  checkKeys(options, KNOWN, ['ca'], 'fileCredentials')
  checkPaths(options)
  checkCheckOptions(options, 'fileCredentials')
  const { watch = true, passphrase, use, chain, revocationPolicy, clock } = options
  if (watch !== true && watch !== false && watch !== 'poll') throw new MTLS_ERR_CREDENTIALS_OPTION(`watch is ${show(watch)}; expected true, false or "poll"`)
  checkPassphrase(passphrase)
  const timeout = checkDuration(options.timeout, 10_000, 'timeout')
  const poll = checkDuration(options.poll, 10_000, 'poll')
  const settle = checkDuration(options.settle, 5_000, 'settle')
  const { cert, key, pfx, ca, crl, crlIssuers, intermediates } = options
  const loader = new FileLoader({ cert, key, pfx, ca, crl, crlIssuers, intermediates }, { passphrase, timeout, use, chain, revocationPolicy, clock })
  return await keepAlive(async () => {
    const first = await loadStill(loader, undefined, new AbortController().signal)
    const source = new FileSource(first.checked, await first.makeChecker(), loader)
    if (watch !== false) await source.follow(new FileFollower(source, first, { loader, clock: clock ?? SYSTEM_CLOCK, poll, settle, events: watch === true }))
    return source
  })
}

class FileSource extends LiveSource implements FileCredentials {
  readonly #loader: FileLoader
  readonly #controller = new AbortController()
  #follower: FileFollower | undefined

  constructor (checked: CheckedMaterial, revocation: RevocationChecker | undefined, loader: FileLoader) {
    super(checked, revocation)
    this.#loader = loader
  }

  async follow (follower: FileFollower): Promise<void> {
    this.#follower = follower
    await follower.start()
  }

  async reload (): Promise<CredentialSnapshot> {
    if (this.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('reload() after close()')
    try {
      const { checked, makeChecker } = await loadStill(this.#loader, this.current, this.#controller.signal)
      return this.take(checked, this.changesTrust(checked) ? await makeChecker() : undefined)
    } catch (error) {
      this.refuse(error as Error)
      throw error
    }
  }

  protected override async stop (): Promise<void> {
    this.#controller.abort()
    await this.#follower?.close()
  }
}

interface LoadedStill extends LoadedFiles { readonly checked: CheckedMaterial, readonly signature: Signature }

/** Loads files that did not move meanwhile; what fails while they move is tried again. */
async function loadStill (loader: FileLoader, previous: CredentialSnapshot | undefined, signal: AbortSignal): Promise<LoadedStill> {
  for (let attempt = 1; ; attempt += 1) {
    const signature = await readSignature(loader.paths)
    const isStill = async (): Promise<boolean> => attempt >= ATTEMPTS || (await readSignature(loader.paths)).text === signature.text
    try {
      const loaded = await loader.load(signature, { signal, ...(previous !== undefined && { previous }) })
      if (await isStill()) return { ...loaded, checked: loaded.checked as CheckedMaterial, signature }
    } catch (error) {
      if (await isStill()) throw error
    }
  }
}

function checkPassphrase (passphrase: unknown): void {
  if (passphrase === undefined || typeof passphrase === 'string' || passphrase instanceof Uint8Array || typeof passphrase === 'function') return
  throw new MTLS_ERR_CREDENTIALS_OPTION(`passphrase is of type ${typeof passphrase}; expected a string, a Buffer or a function`)
}
