import type { TLSSocket } from 'node:tls'

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

/**
 * Whether the server asked for a certificate in a full handshake. It then names the signature algorithms that it takes
 * (RFC 8446 section 4.3.2), and a client shares some with it.
 */
export function askedForCertificate (socket: TLSSocket): boolean {
  try {
    return socket.getSharedSigalgs().length > 0
  } catch {
    // Deno does not tell. Nearly every server that is called with a certificate asks for it.
    return true
  }
}
