import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

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
