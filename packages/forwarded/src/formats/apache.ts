import { decodeEscapedPem } from '../headers/encodings.ts'
import { createCertificateFormat, readSslVerdict } from '../headers/header-format.ts'
import type { HeaderFormat } from '../headers/header-format.ts'

/**
 * Apache httpd (captured, 2.4): `%{SSL_CLIENT_CERT}s`, whose newlines arrive as spaces, and `%{SSL_CLIENT_VERIFY}s`.
 * It writes `(null)` if there is no value. With `%{escape:…}` of an expression the newlines arrive percent-encoded.
 */
export const apache: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'ssl-client-cert', verified: 'ssl-client-verify' },
  verifies: true,
  decode: decodeEscapedPem,
  verdict: readSslVerdict,
  noneTexts: ['(null)']
})
