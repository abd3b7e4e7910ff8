import { decodeEscapedPem } from '../headers/encodings.ts'
import { createCertificateFormat } from '../headers/header-format.ts'
import type { HeaderFormat, HeaderValues, Verdict } from '../headers/header-format.ts'

/** Headers with names from the certificate. They are not read, since the certificate has them. */
export const CLOUDFRONT_NAMES: readonly string[] = Object.freeze([
  'cloudfront-viewer-cert-subject', 'cloudfront-viewer-cert-serial-number'
])

/**
 * Amazon CloudFront, viewer mTLS in the modes required and optional (documented): the leaf in percent-encoded PEM. In
 * these modes CloudFront refuses a certificate that it cannot verify. In passthrough mode it sends `Client-Cert`
 * instead, which this format refuses: see `aws-cloudfront-passthrough`.
 */
export const awsCloudFront: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'cloudfront-viewer-cert-pem', present: 'cloudfront-viewer-cert-present' },
  unread: ['cloudfront-viewer-cert-pem', ...CLOUDFRONT_NAMES],
  verifies: true,
  decode: decodeEscapedPem,
  reads: 'percent-encoded PEM',
  verdict: readVerdict,
  faultOf: () => 'present'
})

/** The header about presence is sent only if the origin request policy names it. */
function readVerdict ({ certificate, present }: HeaderValues): Verdict {
  if (present === undefined) return certificate === undefined ? 'none' : 'verified'
  return present === '1' ? 'verified' : present === '0' ? 'none' : 'failed'
}
