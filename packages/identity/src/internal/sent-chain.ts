import type { TLSSocket } from 'node:tls'

/** The certificates that a peer sent, DER. Nothing of them is verified. */
export interface SentChain {
  readonly leaf: Uint8Array
  /** The others, in the order of the peer. */
  readonly sent: readonly Uint8Array[]
}

/**
 * How many certificates above the leaf are read, since a peer chose the number. One more than path validation accepts,
 * so that it can say that they are too many.
 */
const MAX_SENT = 17

/**
 * Reads the leaf and the other certificates that a peer sent. On Node 22 and 24 only the first call on a socket sees
 * more than the leaf.
 */
export function readSentChain (socket: TLSSocket): SentChain | undefined {
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return undefined
  const sent: Uint8Array[] = []
  for (let next = leaf.issuerCertificate; next !== undefined && sent.length < MAX_SENT; next = next.issuerCertificate) {
    sent.push(next.raw)
  }
  return { leaf: leaf.raw, sent }
}
