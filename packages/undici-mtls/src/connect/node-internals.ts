import type { TLSSocket } from 'node:tls'

/** How many certificates above the leaf are read. One more than path validation accepts. */
const MAX_SENT = 17

/** What a server presented in a full handshake, in DER. */
export interface PresentedServer {
  readonly leaf: Uint8Array
  /** The other certificates, in the server's order. Nothing of it is verified. */
  readonly sent: readonly Uint8Array[]
}

/**
 * Reads what a server presents before Node does, and prevents Node from creating its legacy certificate object:
 * `tls.connect` calls `getPeerCertificate`, which crashes Node 24 if a key is on a curve without a NIST name.
 *
 * @returns a function that returns what was read; undefined before the handshake is done, on a resumed session, and if
 *   the server sent no certificate
 */
export function watchServerCertificate (socket: TLSSocket): () => PresentedServer | undefined {
  let presented: PresentedServer | undefined
  Object.defineProperty(socket, 'getPeerCertificate', { value: () => ({}), configurable: true })
  socket.prependOnceListener('secure', () => {
    if (!socket.isSessionReused()) presented = readServer(socket)
  })
  return () => presented
}

/** Called once and first: on Node 22 and 24 a second call returns less. */
function readServer (socket: TLSSocket): PresentedServer | undefined {
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return undefined
  const sent: Uint8Array[] = []
  let next = leaf.issuerCertificate
  while (next !== undefined && sent.length < MAX_SENT) {
    sent.push(next.raw)
    next = next.issuerCertificate
  }
  return { leaf: leaf.raw, sent }
}

/**
 * Notices that a server asks for renegotiation (TLS 1.2). OpenSSL answers no_renegotiation, as it is told to, and
 * servers then end the connection with an alert that says nothing of it. Node's handle calls `onhandshakestart` for
 * every handshake of TLS 1.2, and for the first one of TLS 1.3.
 *
 * @returns a function that says whether the server asked for it
 */
export function watchRenegotiation (socket: TLSSocket): () => boolean {
  let isSecure = false
  let asked = false
  const handle = (socket as unknown as { readonly _handle?: { onhandshakestart?: unknown } | null })._handle
  if (handle === undefined || handle === null) return () => false
  handle.onhandshakestart = () => { asked ||= isSecure }
  socket.once('secure', () => { isSecure = true })
  return () => asked
}
