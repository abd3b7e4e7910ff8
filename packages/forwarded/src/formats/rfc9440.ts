import { decodeByteSequence, decodeByteSequenceList } from '../headers/encodings.ts'
import { createCertificateFormat, decodeOne } from '../headers/header-format.ts'
import type { HeaderFormat, HeaderValues, Verdict } from '../headers/header-format.ts'

const parts = {
  headers: { certificate: 'client-cert', chain: 'client-cert-chain' },
  identifying: ['client-cert-chain'],
  verifies: true,
  decode: decodeOne(decodeByteSequence),
  decodeChain: decodeByteSequenceList
}

/**
 * RFC 9440: `Client-Cert` and `Client-Cert-Chain`. The writer of these headers has verified the certificate (section
 * 3).
 */
export const rfc9440: HeaderFormat = createCertificateFormat(parts)

/**
 * The same for gateways that also write the header of a certificate that they could not verify, as Cloudflare's field
 * `cert_rfc9440` does. Their verdict is in a header of its own.
 */
export function rfc9440WithVerdict (verifiedValue: string): HeaderFormat {
  // Without a certificate these gateways send "not verified" too.
  function verdict ({ certificate, verified }: HeaderValues): Verdict {
    if (verified === verifiedValue) return 'verified'
    if (certificate === undefined) return 'none'
    return verified === undefined ? 'missing' : 'failed'
  }
  return createCertificateFormat({ ...parts, verdict })
}
