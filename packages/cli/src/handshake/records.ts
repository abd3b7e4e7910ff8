/** Reads TLS vectors (RFC 8446 section 3.4). Reading beyond the end throws RangeError. */
export class Octets {
  readonly #bytes: Uint8Array
  #at: number = 0

  constructor (bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done (): boolean { return this.#at >= this.#bytes.length }

  /** Reads an unsigned number of this many bytes. */
  number (octets: number): number {
    return this.take(octets).reduce((sum, octet) => sum * 256 + octet, 0)
  }

  take (length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new RangeError('a TLS message ends too early')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** Reads a vector whose length has this many bytes. */
  vector (octets: number): Uint8Array {
    return this.take(this.number(octets))
  }
}
