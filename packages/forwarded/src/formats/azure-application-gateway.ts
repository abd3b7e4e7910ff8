import { createCertificateFormat, readSslVerdict } from '../certificate-format.ts'
import { decodeEscapedPem } from '../encodings/pem-text.ts'
import type { HeaderFormat } from '../header-format.ts'

/**
 * Azure Application Gateway: the server variables `client_certificate` (PEM; the newlines come percent-encoded or as spaces) and `client_certificate_verification` (`SUCCESS`, `FAILED:reason`, `NONE`), which rewrite
 * rules put into headers (documented).
 */
export const azureApplicationGateway: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'x-client-cert', verified: 'x-client-cert-verification' },
  verifies: true,
  decode: decodeEscapedPem,
  verdict: readSslVerdict
})
