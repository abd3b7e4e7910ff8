import { loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker } from '@peerkit/revocation'
import { checkMaterial } from './create-snapshot.ts'
import type { CheckedMaterial } from './create-snapshot.ts'
import type { CredentialSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_OPTION, refused } from './errors.ts'
import { allPaths, checkPaths, originsOf } from './file-paths.ts'
import type { FilePaths } from './file-paths.ts'
import { readSignature } from './file-signature.ts'
import { LiveSource } from './live-source.ts'
import { CHECK_OPTIONS, checkKeys, listOf } from './material.ts'
import type { CheckOptions, CredentialMaterial } from './material.ts'
import { crlOptions } from './memory-credentials.ts'
import { readFiles } from './read-files.ts'
import { startReloading } from './reload-files.ts'
import type { LoadedFiles } from './loaded-files.ts'

export interface FileCredentialsOptions extends FilePaths, Omit<CheckOptions, 'passphrase'> {
  /** For an encrypted key; a function is asked at every load. */
  readonly passphrase?: string | (() => string | Promise<string>) | undefined
  /** Take changes of the files while running. Default true. */
  readonly watch?: boolean | undefined
  /** How often to look at the files besides their events, in milliseconds; for file systems that send none. Default 10,000. */
  readonly poll?: number | undefined
  /** How long files may not fit together before it is said, in milliseconds: certificate and key are rarely written at once. Default 5,000. */
  readonly settle?: number | undefined
}

const KNOWN = ['cert', 'key', 'ca', 'crl', 'watch', 'poll', 'settle', ...CHECK_OPTIONS]

/**
 * Credentials from files, which are watched: whatever way they are written, a change that passes every check is put in force, and one that does not leaves the old in
 * force and is told to the subscribers.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED
 */
export async function fileCredentials (options: FileCredentialsOptions): Promise<CredentialSource> {
  checkKeys(options, KNOWN, ['cert', 'ca'], 'fileCredentials')
  checkPaths(options)
  for (const key of ['poll', 'settle'] as const) {
    const value = options[key]
    if (value !== undefined && !(Number.isFinite(value) && value > 0)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${key} is ${String(value)}; expected milliseconds above 0`)
  }
  const { watch = true, poll = 10_000, settle = 5_000 } = options
  const paths = allPaths(options)
  const load = async (): Promise<LoadedFiles> => await loadFiles(options, paths)
  const first = await load()
  let stop = (): Promise<void> | void => {}
  const source = new LiveSource(first.checked, await first.makeChecker(), () => stop())
  if (watch) stop = await startReloading({ source, paths, load, signature: first.signature, poll, settle })
  return source
}

async function loadFiles (options: FileCredentialsOptions, paths: readonly string[]): Promise<LoadedFiles> {
  const signature = await readSignature(paths)
  const material = await readFiles(options)
  const { passphrase } = options
  const checkOptions = { ...options, passphrase: typeof passphrase === 'function' ? await passphrase() : passphrase }
  const origins = originsOf(options)
  const checked = checkMaterial(material, origins, checkOptions)
  return { checked, signature, makeChecker: () => makeChecker(material, checked, checkOptions, origins.crl) }
}

async function makeChecker ({ crl }: CredentialMaterial, { anchors, certificates }: CheckedMaterial, options: CheckOptions, where: string): Promise<CrlChecker | undefined> {
  const crls = listOf(crl)
  if (crls.length === 0) return undefined
  try {
    return await loadCrlChecker(crlOptions(crls, anchors, certificates, options))
  } catch (error) {
    throw refused('crl', where, (error as Error).message, error)
  }
}
