import { decodeBase64 } from '../headers/encodings.ts'
import { createCertificateFormat, decodeOne } from '../headers/header-format.ts'
import type { HeaderFormat } from '../headers/header-format.ts'

const PLACEHOLDER = '{http.request.tls.client.certificate_der_base64}'

/**
 * Caddy (captured, 2.6): `{http.request.tls.client.certificate_der_base64}`. Without a certificate the placeholder's
 * own text arrives. Caddy sends no verdict: its `client_auth` mode must be `require_and_verify` or `verify_if_given`.
 */
export const caddy: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'ssl-client-cert' },
  verifies: true,
  decode: decodeOne(decodeBase64),
  noneTexts: [PLACEHOLDER]
})
