import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** Octets from the server that are kept: the handshake with a very long list of CAs, and some. */
const MAX_KEPT = 1 << 20

/** A stream over a TCP socket that keeps a copy of what comes in, up to 1 MiB: what Node's TLS does not tell can be read in it. */
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

  /** What came in so far. */
  get received (): Uint8Array { return Buffer.concat(this.#kept) }

  override _read (): void { this.#socket.resume() }

  override _write (chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void { this.#socket.write(chunk, done) }

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
