import { decodeEscapedPem } from '../headers/encodings.ts'
import { createCertificateFormat, readSslVerdict } from '../headers/header-format.ts'
import type { HeaderFormat } from '../headers/header-format.ts'

/**
 * Azure Application Gateway (documented): rewrite rules put the server variables `client_certificate` (PEM; its
 * newlines arrive percent-encoded or as spaces) and `client_certificate_verification` (`SUCCESS`, `FAILED:reason`,
 * `NONE`) into headers.
 */
export const azureApplicationGateway: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'x-client-cert', verified: 'x-client-cert-verification' },
  verifies: true,
  decode: decodeEscapedPem,
  verdict: readSslVerdict
})
