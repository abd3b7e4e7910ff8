import { randomUUID } from 'node:crypto'
import { access, link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DevCaStateError } from '../errors.ts'
import type { IssuedCertificate } from '../options.ts'
import type { Crl } from '../revocation/sign-crl.ts'

export interface PlaceOptions {
  /** Default 0644. Keys have 0600. */
  readonly mode?: number
  /** Replace an existing file. */
  readonly force?: boolean
}

/** Writes a file atomically: a temporary file first, then a rename. @throws DevCaStateError if the file exists */
export async function placeFile (
  path: string,
  text: string,
  { mode = 0o644, force = false }: PlaceOptions = {}
): Promise<void> {
  if (!force && await exists(path)) throw fileIsThere(path)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // A new file, because an existing file would keep its mode.
  const temporary = `${path}.${randomUUID()}.new`
  await writeFile(temporary, text, { mode, flag: 'wx' })
  if (force) return await rename(temporary, path)
  try {
    // A link fails if the file was created in the meantime.
    await link(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw fileIsThere(path)
    // The file system has no links.
    return await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

function fileIsThere (path: string): Error {
  return new DevCaStateError(`${path} exists; use --force to replace it`)
}

export async function exists (path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false)
}

/**
 * Writes a certificate with its intermediates to `PATH.pem`, and its key to `PATH.key` (0600).
 *
 * @param issued the result of `issue`
 * @param path without the extension
 * @param options `force`: replace existing files; default false
 * @throws DevCaStateError if one of the files exists and `force` is not set
 * @example
 * ```ts
 * await storeCertificate(await ca.issue({ cn: 'dave' }), 'dave', { force: true })
 * ```
 */
export async function storeCertificate (
  issued: IssuedCertificate, path: string, options: { readonly force?: boolean } = {}
): Promise<void> {
  const { force = false } = options
  for (const file of [`${path}.pem`, `${path}.key`]) {
    if (!force && await exists(file)) throw fileIsThere(file)
  }
  await placeFile(`${path}.key`, issued.key, { mode: 0o600, force })
  await placeFile(`${path}.pem`, issued.chain, { force })
}

/**
 * Writes a CRL as PEM. An existing file is replaced atomically, so a reader sees either the old or the new CRL.
 *
 * @param crl the result of `crl`
 * @param path the file
 * @example
 * ```ts
 * await storeCrl(await ca.crl(), 'revoked.crl')
 * ```
 */
export async function storeCrl ({ pem }: Crl, path: string): Promise<void> {
  await placeFile(path, pem, { force: true })
}
