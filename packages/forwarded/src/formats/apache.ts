import { createCertificateFormat, readSslVerdict } from '../certificate-format.ts'
import { decodePemText } from '../encodings/pem-text.ts'
import type { HeaderFormat } from '../header-format.ts'

/** Apache httpd: `%{SSL_CLIENT_CERT}s`, whose newlines come as spaces, and `%{SSL_CLIENT_VERIFY}s` (captured, 2.4). What it has no value for it writes as `(null)`. */
export const apache: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'ssl-client-cert', verified: 'ssl-client-verify' },
  verifies: true,
  decode: decodePemText,
  verdict: readSslVerdict,
  noneTexts: ['(null)']
})
