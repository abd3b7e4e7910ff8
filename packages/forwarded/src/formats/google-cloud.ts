import { decodeByteSequence, decodeByteSequenceList } from '../headers/encodings.ts'
import { createCertificateFormat, decodeOne } from '../headers/header-format.ts'
import type { HeaderFormat, HeaderValues, Verdict } from '../headers/header-format.ts'

/**
 * Google Cloud Application Load Balancers (documented): `{client_cert_leaf}`, `{client_cert_chain}`,
 * `{client_cert_present}` and `{client_cert_chain_verified}` in custom headers. A load balancer can be configured to
 * accept missing and invalid certificates, so its verdict decides.
 */
export const googleCloud: HeaderFormat = createCertificateFormat({
  headers: {
    certificate: 'x-client-cert-leaf',
    chain: 'x-client-cert-chain',
    present: 'x-client-cert-present',
    verified: 'x-client-cert-chain-verified'
  },
  verifies: true,
  decode: decodeOne(decodeByteSequence),
  decodeChain: decodeByteSequenceList,
  verdict: readVerdict
})

function readVerdict ({ present, verified }: HeaderValues): Verdict {
  if (present === 'false') return 'none'
  if (present !== 'true' || verified === undefined) return 'missing'
  return verified === 'true' ? 'verified' : 'failed'
}
