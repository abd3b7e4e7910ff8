import { createCertificateFormat } from '../certificate-format.ts'
import { decodeBase64 } from '../encodings/base64.ts'
import { decodePercent } from '../encodings/pem-text.ts'
import type { HeaderFormat } from '../header-format.ts'

/**
 * Traefik's `passTLSClientCert` with `pem: true` (documented): base64 of PEM without delimiters and newlines, with a
 * comma between certificates. Versions 1 and 2.0 to 2.2 percent-encode it. Traefik sends no verdict: its
 * `clientAuthType` must be `RequireAndVerifyClientCert` or `VerifyClientCertIfGiven`.
 *
 * `X-Forwarded-Tls-Client-Cert-Info` is not read: its names are not escaped, so one name can imitate another.
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
