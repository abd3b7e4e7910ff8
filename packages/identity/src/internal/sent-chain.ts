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

/**
 * Reads what a server presents before Node does, and prevents Node from creating its legacy certificate object:
 * `tls.connect` calls `getPeerCertificate`, which crashes Node 24 if a key is on a curve without a NIST name.
 *
 * @returns a function that returns what was read; undefined before the handshake is done, on a resumed session, and if
 *   the server sent no certificate
 */
export function watchServerCertificate (socket: TLSSocket): () => SentChain | undefined {
  let presented: SentChain | undefined
  Object.defineProperty(socket, 'getPeerCertificate', { value: () => ({}), configurable: true })
  socket.prependOnceListener('secure', () => {
    if (!socket.isSessionReused()) presented = readSentChain(socket)
  })
  return () => presented
}
