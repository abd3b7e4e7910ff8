import { decodeBase64, decodeBase64Sequence } from '../headers/encodings.ts'
import { createCertificateFormat, decodeOne } from '../headers/header-format.ts'
import type { HeaderFormat, HeaderValues, Verdict } from '../headers/header-format.ts'

/**
 * HAProxy (captured, 2.6): `ssl_c_der,base64`, `ssl_c_verify`, `ssl_c_used` and `ssl_c_chain_der,base64`.
 * `ssl_c_verify` is also `0` if no certificate was sent, so `ssl_c_used` is needed too.
 */
export const haproxy: HeaderFormat = createCertificateFormat({
  headers: {
    certificate: 'ssl-client-cert',
    verified: 'ssl-client-verify',
    present: 'ssl-client-used',
    chain: 'ssl-client-chain'
  },
  verifies: true,
  decode: decodeOne(decodeBase64),
  decodeChain: decodeBase64Sequence,
  verdict: readVerdict
})

function readVerdict ({ verified, present }: HeaderValues): Verdict {
  if (present === '0') return 'none'
  if (present !== '1' || verified === undefined) return 'missing'
  return verified === '0' ? 'verified' : 'failed'
}
