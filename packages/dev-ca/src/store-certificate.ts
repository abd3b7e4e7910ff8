import type { IssuedCertificate } from './options.ts'
import { exists, fileIsThere, placeFile } from './place-file.ts'

/**
 * Writes a certificate with its intermediates to `PATH.pem`, and its key to `PATH.key` (0600).
 *
 * @param issued the result of `issue`
 * @param path without the extension
 * @param options `force`: replace existing files; default false
 * @throws MTLS_ERR_DEV_CA_STATE if one of the files exists and `force` is not set
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
