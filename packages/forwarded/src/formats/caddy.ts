import { createCertificateFormat, decodeOne } from '../certificate-format.ts'
import { decodeBase64 } from '../encodings/base64.ts'
import type { HeaderFormat } from '../header-format.ts'

const PLACEHOLDER = '{http.request.tls.client.certificate_der_base64}'

/**
 * Caddy: `{http.request.tls.client.certificate_der_base64}` (captured, 2.6). Without a certificate the placeholder's own text arrives. Caddy has no verdict to pass on: its `client_auth` mode must be
 * `require_and_verify` or `verify_if_given`.
 */
export const caddy: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'ssl-client-cert' },
  verifies: true,
  decode: decodeOne(decodeBase64),
  noneTexts: [PLACEHOLDER]
})
