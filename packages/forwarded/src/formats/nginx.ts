import { decodeEscapedPem } from '../headers/encodings.ts'
import { createCertificateFormat, readSslVerdict } from '../headers/header-format.ts'
import type { HeaderFormat } from '../headers/header-format.ts'

/**
 * nginx (captured, 1.22): `$ssl_client_escaped_cert` and `$ssl_client_verify`. Without a certificate the first header
 * is absent.
 */
export const nginx: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'ssl-client-cert', verified: 'ssl-client-verify' },
  verifies: true,
  decode: decodeEscapedPem,
  verdict: readSslVerdict
})
