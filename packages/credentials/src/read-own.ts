import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { listOf } from './material.ts'
import type { CredentialMaterial, Origins, Pem } from './material.ts'
import type { ParsedCertificate } from './check/parsed-certificate.ts'
import type { OwnCredentials } from './own-credentials.ts'
import { readCertificates } from './read-certificates.ts'
import { readKey } from './read-key.ts'
import { readPkcs12 } from './pkcs12/read-pkcs12.ts'

/** Reads certificates and key, from PEM or from PKCS#12. @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED */
export function readOwn (material: CredentialMaterial, origins: Origins): OwnCredentials {
  const { key, pfx, passphrase } = material
  const cert = listOf(material.cert)
  if (pfx !== undefined) {
    if (cert.length > 0 || key !== undefined) throw new MTLS_ERR_CREDENTIALS_OPTION(`found ${cert.length > 0 ? 'cert' : 'key'} beside pfx; expected either pfx, or cert and key`)
    return readPkcs12(pfx, origins.pfx, passphrase)
  }
  const [first] = cert
  if (first === undefined) throw new MTLS_ERR_CREDENTIALS_OPTION('found neither cert nor pfx; expected one of them')
  const certificates = cert.flatMap((text) => readCertificates(text, origins.cert)) as [ParsedCertificate, ...ParsedCertificate[]]
  if (key !== undefined) return { certificates, key: readKey(key, origins.key, passphrase) }
  return { certificates, key: readKey(join(cert), origins.cert, passphrase) }
}

function join (texts: readonly Pem[]): string {
  return texts.map((text) => typeof text === 'string' ? text : Buffer.from(text).toString('latin1')).join('\n')
}
