import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { listOf } from './material.ts'
import type { CredentialMaterial, Origins, Pem } from './material.ts'
import type { ParsedCertificate } from './check/parsed-certificate.ts'
import type { OwnCredentials } from './own-credentials.ts'
import { readCertificates } from './read-certificates.ts'
import { readKey } from './read-key.ts'
import { readPkcs12 } from './pkcs12/read-pkcs12.ts'

/**
 * Reads our certificates and key from PEM or PKCS#12.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED
 */
export function readOwn (material: CredentialMaterial, origins: Origins): OwnCredentials {
  const { key, pfx, passphrase } = material
  const cert = listOf(material.cert)
  if (pfx !== undefined) {
    if (cert.length > 0 || key !== undefined) {
      const other = cert.length > 0 ? 'cert' : 'key'
      throw new MTLS_ERR_CREDENTIALS_OPTION(`${other} and pfx are both set; expected either pfx, or cert and key`)
    }
    return readPkcs12(pfx, origins.pfx, passphrase)
  }
  const [first] = cert
  if (first === undefined) throw new MTLS_ERR_CREDENTIALS_OPTION('cert and pfx are missing; expected one of them')
  const read = cert.flatMap((text) => readCertificates(text, origins.cert))
  const certificates = read as [ParsedCertificate, ...ParsedCertificate[]]
  if (key !== undefined) return { certificates, key: readKey(key, origins.key, passphrase) }
  return { certificates, key: readKey(join(cert), origins.cert, passphrase) }
}

function join (texts: readonly Pem[]): string {
  return texts.map((text) => typeof text === 'string' ? text : Buffer.from(text).toString('latin1')).join('\n')
}
