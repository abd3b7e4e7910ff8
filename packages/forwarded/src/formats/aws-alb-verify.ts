import { decodeEscapedPem } from '../headers/encodings.ts'
import { createCertificateFormat } from '../headers/header-format.ts'
import type { HeaderFormat } from '../headers/header-format.ts'

/**
 * AWS Application Load Balancer, mutual TLS in verify mode (documented): the leaf in percent-encoded PEM, with `+`,
 * `=` and `/` not encoded. The headers with subject, issuer, serial number and validity are not read, since the
 * certificate has them.
 */
export const awsAlbVerify: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'x-amzn-mtls-clientcert-leaf' },
  unread: ['x-amzn-mtls-clientcert-leaf', 'x-amzn-mtls-clientcert-subject', 'x-amzn-mtls-clientcert-serial-number'],
  verifies: true,
  decode: decodeEscapedPem
})
