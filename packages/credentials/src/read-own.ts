import { MTLS_ERR_CREDENTIALS_OPTION, refused } from './errors.ts'
import { listOf, textOf } from './material.ts'
import type { CredentialMaterial, Origins, Pem } from './material.ts'
import type { ParsedCertificate } from './check/parsed-certificate.ts'
import type { OwnCredentials } from './own-credentials.ts'
import { readCertificates } from './read-certificates.ts'
import { readKey } from './read-key.ts'
import { readPkcs12 } from './pkcs12/read-pkcs12.ts'

const CERTIFICATE = /-----BEGIN (X509 )?CERTIFICATE-----/
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----/

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
  if (key !== undefined) refuseSwapped(cert, key, origins)
  const read = cert.flatMap((text) => readCertificates(text, origins.cert))
  const certificates = read as [ParsedCertificate, ...ParsedCertificate[]]
  if (key !== undefined) return { certificates, key: readKey(key, origins.key, passphrase) }
  return { certificates, key: readKey(join(cert), origins.cert, passphrase) }
}

/** @throws MTLS_ERR_CREDENTIALS_REFUSED if `cert` is a key and `key` a certificate */
function refuseSwapped (cert: readonly Pem[], key: Pem, origins: Origins): void {
  if (CERTIFICATE.test(join(cert)) || !PRIVATE_KEY.test(join(cert))) return
  if (!CERTIFICATE.test(textOf(key)) || PRIVATE_KEY.test(textOf(key))) return
  const found = `found a private key here and a certificate in ${origins.key}: they are swapped`
  throw refused('unreadable', origins.cert, `${found}; expected the certificate in cert and the private key in key`)
}

function join (texts: readonly Pem[]): string {
  return texts.map(textOf).join('\n')
}
