import { WorkloadApiError } from '../errors.ts'

/** Longest message in octets. 200 federated trust domains with 20 CAs each are about 6 MiB. */
export const MAX_MESSAGE_OCTETS: number = 16 * 1024 * 1024
const HEADER = 5

/** Cuts a stream of bytes into the messages of gRPC: a flag, four octets of length, and the message. */
export class MessageFramer {
  readonly #chunks: Buffer[] = []
  #length = 0

  /** Adds what arrived. */
  add (chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /**
   * Takes the next message; undefined if it is not whole yet.
   *
   * @throws WorkloadApiError if the message is compressed, which was not offered, or too long
   */
  take (): Buffer | undefined {
    if (this.#length < HEADER) return undefined
    const head = this.#peek(HEADER)
    if (head[0] !== 0) throw new WorkloadApiError('protocol', 'a message has a compression that was not offered')
    const length = head.readUInt32BE(1)
    if (length > MAX_MESSAGE_OCTETS) {
      throw new WorkloadApiError('protocol', `a message has ${length} octets; at most ${MAX_MESSAGE_OCTETS}`)
    }
    if (this.#length < HEADER + length) return undefined
    const all = this.#peek(this.#length)
    const rest = all.subarray(HEADER + length)
    this.#chunks.length = 0
    if (rest.length > 0) this.#chunks.push(rest)
    this.#length = rest.length
    return all.subarray(HEADER, HEADER + length)
  }

  /** The first octets in one piece. */
  #peek (length: number): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && first.length >= length) return first
    const joined = Buffer.concat(this.#chunks)
    this.#chunks.splice(0, this.#chunks.length, joined)
    return joined
  }
}
