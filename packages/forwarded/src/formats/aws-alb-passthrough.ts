import { decodeEscapedPem } from '../headers/encodings.ts'
import { createCertificateFormat } from '../headers/header-format.ts'
import type { HeaderFormat } from '../headers/header-format.ts'

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
