import type { X509Certificate } from 'node:crypto'
import { checkServerIdentity } from 'node:tls'
import type { PeerCertificate, TLSSocket } from 'node:tls'

/** The largest number of certificates above the leaf. OpenSSL accepts a message of 100 KB, which rarely has more. */
const MAX_SENT = 100

/**
 * Reads the certificates of a server instead of Node: `tls.connect` calls `getPeerCertificate(true)` after every full
 * handshake, and on Node 24 that ends the process if a key is on a curve without a NIST name.
 */
export class ServerCertificates {
  #read: readonly X509Certificate[] = []

  /** DER, as sent, the leaf first. Empty before the end of the handshake. */
  get sent (): readonly Uint8Array[] { return this.#read.map(({ raw }) => raw) }

  /** Call it before the handshake. */
  watch (socket: TLSSocket): void {
    Object.defineProperty(socket, 'getPeerCertificate', { value: () => ({}), configurable: true })
    // Before Node's own listener. Only the first call returns all certificates, so it is made once.
    socket.prependOnceListener('secure', () => { this.#read = readAll(socket) })
  }

  /** For the option `checkServerIdentity`: Node's check of the host name, with the certificate that was read here. */
  checkIdentity (host: string): Error | undefined {
    const [leaf] = this.#read
    const commonNames = [...(leaf?.subject ?? '').matchAll(/^CN=(.*)$/gm)].map(([, name]) => name)
    return checkServerIdentity(host, {
      subject: { CN: commonNames }, subjectaltname: leaf?.subjectAltName
    } as unknown as PeerCertificate)
  }
}

function readAll (socket: TLSSocket): readonly X509Certificate[] {
  const read: X509Certificate[] = []
  let next = socket.getPeerX509Certificate()
  while (next !== undefined && read.length <= MAX_SENT) {
    read.push(next)
    next = next.issuerCertificate
  }
  return read
}
