import { CredentialsOptionError } from '../errors.ts'
import { listOf } from '../material/material.ts'
import type { CredentialMaterial, GivenMaterial } from '../material/material.ts'
import { readCertificates } from '../material/parsed-certificate.ts'
import { openKey } from './open-key.ts'
import type { OpenKeyOptions } from './open-key.ts'
import type { OpaqueKey } from './opaque-key.ts'
import { describePkcs11Key, isPkcs11Key } from './pkcs11-key.ts'
import type { Pkcs11Key } from './pkcs11-key.ts'
import { readPkcs11Uri } from './pkcs11-uri.ts'

/** How the key of material is opened. */
export interface OpenMaterialOptions extends OpenKeyOptions {
  /** Where the certificate comes from, for errors. */
  readonly certOrigin: string
  /**
   * The key in use, if the certificate is unchanged. It is not opened again: new CAs must not depend on the token.
   * Default: none.
   */
  readonly inUse?: OpaqueKey | undefined
}

/**
 * Opens the key of material, if it is in a token. Other material is returned as it is.
 *
 * @throws CredentialsOptionError, CredentialsUnavailableError, CredentialsRefusedError, CredentialsClosedError
 */
export async function openMaterial (
  material: GivenMaterial, { certOrigin, inUse, ...options }: OpenMaterialOptions
): Promise<CredentialMaterial> {
  const { key, cert, pfx } = material
  if (!isPkcs11Key(key)) return { ...material, key }
  if (pfx !== undefined) {
    throw new CredentialsOptionError('key and pfx are both set; expected either pfx, or cert and key')
  }
  const origins = { key: describePkcs11Key(key), cert: certOrigin }
  if (inUse !== undefined && isKeyOf(inUse, key, material, certOrigin)) return { ...material, key: inUse }
  return { ...material, key: await openKey(key, cert ?? [], origins, options) }
}

function isKeyOf (
  inUse: OpaqueKey, { pkcs11 }: Pkcs11Key, { cert }: GivenMaterial, certOrigin: string
): boolean {
  const [leaf] = listOf(cert).flatMap((text) => readCertificates(text, certOrigin))
  return leaf?.identity.publicKey256 === inUse.publicKey256 && readPkcs11Uri(pkcs11, 'key').text === inUse.uri
}
