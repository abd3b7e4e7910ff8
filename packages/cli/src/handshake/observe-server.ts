import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { checkServerIdentity } from 'node:tls'
import type { PeerCertificate, TLSSocket } from 'node:tls'

/** The largest number of bytes from the server that are kept: more than a handshake with a very long list of CAs. */
const MAX_KEPT = 1 << 20

/**
 * A stream over a TCP socket that keeps a copy of the received bytes, up to 1 MiB, to read what Node does not expose.
 */
export class SocketTap extends Duplex {
  readonly #socket: Socket
  readonly #kept: Buffer[] = []
  #length: number = 0

  constructor (socket: Socket) {
    super({ allowHalfOpen: true })
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#keep(chunk)
      if (!this.push(chunk)) socket.pause()
    })
    socket.once('end', () => { this.push(null) })
    socket.once('error', (error) => { this.destroy(error) })
    socket.once('close', () => { this.destroy() })
  }

  /** The bytes received so far. */
  get received (): Uint8Array { return Buffer.concat(this.#kept) }

  override _read (): void { this.#socket.resume() }

  override _write (
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void
  ): void { this.#socket.write(chunk, done) }

  override _final (done: () => void): void { this.#socket.end(done) }

  override _destroy (error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  #keep (chunk: Buffer): void {
    const part = chunk.subarray(0, MAX_KEPT - this.#length)
    if (part.length === 0) return
    this.#kept.push(Buffer.from(part))
    this.#length += part.length
  }
}

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
