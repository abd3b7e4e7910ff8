import { DerReader } from '../der/reader.ts'
import { TAG } from '../der/primitives.ts'

/** The peer's certificate in OpenSSL's ASN.1 of a session (`SSL_SESSION_ASN1`, the output of `i2d_SSL_SESSION`). */
const PEER = 0xa3

/**
 * DER of the peer's certificate in a TLS session. Unlike `getPeerX509Certificate` this creates no object for each
 * certificate that was sent above it.
 *
 * @param session what `tls.TLSSocket.getSession` returns. It is overwritten, since it holds keys
 * @returns undefined if the session has no certificate
 * @throws DerInvalidError
 */
export function leafOfSession (session: Uint8Array): Uint8Array | undefined {
  try {
    const fields = new DerReader(session).enter(TAG.sequence)
    while (!fields.done) {
      const { tag, contentStart, end } = fields.next()
      if (tag === PEER) return Uint8Array.from(session.subarray(contentStart, end))
    }
    return undefined
  } finally {
    session.fill(0)
  }
}
