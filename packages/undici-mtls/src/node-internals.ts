import type { TLSSocket } from 'node:tls'

/** Certificates above the leaf that are looked at. One more than path validation takes. */
const MAX_SENT = 17

/** What a server presented in a full handshake, in DER. */
export interface PresentedServer {
  readonly leaf: Uint8Array
  /** What it sent beside the leaf, in its order. None of it is verified. */
  readonly sent: readonly Uint8Array[]
}

/**
 * Reads what a server presents, before Node looks at it, and keeps Node from making its legacy certificate object: `tls.connect` calls
 * `getPeerCertificate` by itself, which ends the process on Node 24 where a key is on a curve without a NIST name.
 *
 * @returns gives what was read; undefined before the handshake is done, on a resumed session, and where the server sent no certificate
 */
export function watchServerCertificate (socket: TLSSocket): () => PresentedServer | undefined {
  let presented: PresentedServer | undefined
  Object.defineProperty(socket, 'getPeerCertificate', { value: () => ({}), configurable: true })
  socket.prependOnceListener('secure', () => {
    if (!socket.isSessionReused()) presented = readServer(socket)
  })
  return () => presented
}

/** Once and first: on Node 22 and 24 a second call shows less. */
function readServer (socket: TLSSocket): PresentedServer | undefined {
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return undefined
  const sent: Uint8Array[] = []
  for (let next = leaf.issuerCertificate; next !== undefined && sent.length < MAX_SENT; next = next.issuerCertificate) sent.push(next.raw)
  return { leaf: leaf.raw, sent }
}
