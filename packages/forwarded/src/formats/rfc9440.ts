import { createCertificateFormat, decodeOne } from '../certificate-format.ts'
import { decodeByteSequence, decodeByteSequenceList } from '../encodings/byte-sequence.ts'
import type { HeaderFormat } from '../header-format.ts'

/**
 * RFC 9440: `Client-Cert` and `Client-Cert-Chain`. The writer of these headers has verified the certificate (section
 * 3).
 */
export const rfc9440: HeaderFormat = createCertificateFormat({
  headers: { certificate: 'client-cert', chain: 'client-cert-chain' },
  verifies: true,
  decode: decodeOne(decodeByteSequence),
  decodeChain: decodeByteSequenceList
})
