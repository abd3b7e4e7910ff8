import type { IssuedCertificate } from './options.ts'
import { exists, fileIsThere, placeFile } from './place-file.ts'

/**
 * Writes a certificate with its intermediates to `PATH.pem`, and its key to `PATH.key` (0600).
 *
 * @throws MTLS_ERR_DEV_CA_STATE where one of the files is there already and `force` is not set
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
