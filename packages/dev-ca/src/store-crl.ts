import { placeFile } from './place-file.ts'
import type { Crl } from './sign-crl.ts'

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
