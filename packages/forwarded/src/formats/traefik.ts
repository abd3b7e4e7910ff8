import { decodeBase64, decodePercent } from '../headers/encodings.ts'
import { createCertificateFormat, refuseReading } from '../headers/header-format.ts'
import type { HeaderFormat, HeaderValues, Reading } from '../headers/header-format.ts'

const format = createCertificateFormat({
  headers: { certificate: 'x-forwarded-tls-client-cert', present: 'x-forwarded-tls-client-cert-info' },
  identifying: ['x-forwarded-tls-client-cert-info'],
  verifies: true,
  decode: decodeBareList,
  carriesChain: true
})

/**
 * Traefik's `passTLSClientCert` with `pem: true` (documented): base64 of PEM without delimiters and newlines, with a
 * comma between certificates. Versions 1 and 2.0 to 2.2 percent-encode it. Traefik sends no verdict: its
 * `clientAuthType` must be `RequireAndVerifyClientCert` or `VerifyClientCertIfGiven`.
 *
 * The names in `X-Forwarded-Tls-Client-Cert-Info` are not read: they are not escaped, so one name can imitate another.
 * Without the certificate, the header shows that `pem: true` is missing.
 */
export const traefik: HeaderFormat = { ...format, read }

function read (values: HeaderValues, byGateway: boolean): Reading {
  const isPemMissing = values.certificate === undefined && values.present !== undefined
  return isPemMissing ? refuseReading('certificate_missing', 'certificate') : format.read(values, byGateway)
}

function decodeBareList (text: string): readonly Uint8Array[] | undefined {
  const ders = decodePercent(text)?.split(',').map(decodeBase64)
  return ders === undefined || ders.includes(undefined) ? undefined : ders as Uint8Array[]
}
