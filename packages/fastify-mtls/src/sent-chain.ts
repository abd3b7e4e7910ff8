import { TLSSocket } from 'node:tls'
import type { DetailedPeerCertificate, TLSSocketOptions } from 'node:tls'

const sent = new WeakMap<TLSSocket, DetailedPeerCertificate>()

/**
 * Some versions of Node (24.21, 26.8) look at the client's certificate themselves before anybody is told of the handshake, and lose the certificates above it by that
 * (nodejs/node#65579). ALPN is negotiated before, and Node calls this on the socket: the chain is read ahead of Node's own look. A client that speaks no ALPN gets by without.
 *
 * @returns a choice of protocol as Node's `ALPNProtocols` makes it: the first of ours that the client speaks, else a fatal alert (RFC 7301 section 3.2)
 */
export function chooseProtocol (ours: readonly string[]): NonNullable<TLSSocketOptions['ALPNCallback']> {
  return function (this: unknown, { protocols }) {
    if (this instanceof TLSSocket) this.prependOnceListener('secure', readAhead)
    return ours.find((protocol) => protocols.includes(protocol))
  }
}

function readAhead (this: TLSSocket): void {
  // A resumed session brings the leaf alone.
  if (this.isSessionReused()) return
  // ALPN is negotiated twice where the client is asked to say hello again (RFC 8446 section 4.1.4); the first look counts.
  if (sent.has(this)) return
  try {
    sent.set(this, this.getPeerCertificate(true))
  } catch {
    // The judge asks again, and refuses what cannot be read.
  }
}

/** The leaf of a handshake, and with a full one what the client sent above it, as far as Node shows it. */
export interface SentCertificate {
  readonly raw: Uint8Array
  /** Undefined where the session was resumed. */
  readonly detailed: DetailedPeerCertificate | undefined
}

/** What a client sent; undefined where it sent none. */
export function readSentCertificate (socket: TLSSocket): SentCertificate | undefined {
  if (socket.isSessionReused()) {
    // A hundredth of the cost of Node's own description of the certificate.
    const raw = socket.getPeerX509Certificate()?.raw
    return raw === undefined ? undefined : { raw, detailed: undefined }
  }
  const detailed = sent.get(socket) ?? socket.getPeerCertificate(true)
  sent.delete(socket)
  return detailed?.raw === undefined ? undefined : { raw: detailed.raw, detailed }
}
