import { createCertificateFormat } from '../certificate-format.ts'
import { decodeBase64 } from '../encodings/base64.ts'
import { decodePercent } from '../encodings/pem-text.ts'
import type { HeaderFormat } from '../header-format.ts'

/**
 * Traefik's `passTLSClientCert` with `pem: true`: base64 of PEM without its delimiters and newlines, a comma between the certificates, percent-encoded by some versions (documented; 1 and 2.0 to 2.2 escaped
 * it). Traefik has no verdict to pass on: its `clientAuthType` must be `RequireAndVerifyClientCert` or `VerifyClientCertIfGiven`.
 *
 * `X-Forwarded-Tls-Client-Cert-Info` is not read: names stand in it without escapes, so that a name can imitate another.
 */
export const traefik: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'x-forwarded-tls-client-cert' },
  verifies: true,
  decode: decodeBareList,
  carriesChain: true
})

function decodeBareList (text: string): readonly Uint8Array[] | undefined {
  const ders = decodePercent(text)?.split(',').map(decodeBase64)
  return ders === undefined || ders.includes(undefined) ? undefined : ders as Uint8Array[]
}
