import { createCertificateFormat } from '../certificate-format.ts'
import { decodeEscapedPem } from '../encodings/pem-text.ts'
import type { HeaderFormat } from '../header-format.ts'

/**
 * AWS Application Load Balancer, mutual TLS in passthrough mode (documented): the client's whole chain, which is not
 * verified. The handshake only proves possession of the leaf's private key.
 */
export const awsAlbPassthrough: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'x-amzn-mtls-clientcert' },
  verifies: false,
  decode: decodeEscapedPem,
  carriesChain: true
})
