import { decodeEscapedPem } from '../headers/encodings.ts'
import { createCertificateFormat } from '../headers/header-format.ts'
import type { HeaderFormat } from '../headers/header-format.ts'

/**
 * Azure Application Gateway, mutual authentication in passthrough mode (documented): the same rewrite rule as in strict
 * mode puts the server variable `client_certificate` into a header, but nobody has verified the certificate. What
 * `client_certificate_verification` says in this mode is not documented, so no verdict is read.
 */
export const azureApplicationGatewayPassthrough: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'x-client-cert' },
  verifies: false,
  decode: decodeEscapedPem,
  reads: 'percent-encoded PEM'
})
