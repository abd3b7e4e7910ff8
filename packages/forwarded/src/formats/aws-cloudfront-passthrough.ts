import { decodeByteSequence, decodeByteSequenceList } from '../headers/encodings.ts'
import { createCertificateFormat, decodeOne } from '../headers/header-format.ts'
import type { HeaderFormat } from '../headers/header-format.ts'
import { CLOUDFRONT_NAMES } from './aws-cloudfront.ts'

/**
 * Amazon CloudFront, viewer mTLS in passthrough mode (documented): `Client-Cert` and `Client-Cert-Chain` as in RFC
 * 9440, but of a certificate that nobody has verified.
 */
export const awsCloudFrontPassthrough: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'client-cert', chain: 'client-cert-chain' },
  unread: ['cloudfront-viewer-cert-pem', ...CLOUDFRONT_NAMES],
  verifies: false,
  decode: decodeOne(decodeByteSequence),
  reads: 'a byte sequence, base64 between colons',
  decodeChain: decodeByteSequenceList
})
