import { createCertificateFormat } from '../certificate-format.ts'
import { decodeEscapedPem } from '../encodings/pem-text.ts'
import type { HeaderFormat } from '../header-format.ts'

/**
 * AWS Application Load Balancer, mutual TLS in verify mode (documented): the leaf in percent-encoded PEM, with `+`,
 * `=` and `/` not encoded. The headers with subject, issuer, serial number and validity are not read, since the
 * certificate has them.
 */
export const awsAlbVerify: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'x-amzn-mtls-clientcert-leaf' },
  verifies: true,
  decode: decodeEscapedPem
})
