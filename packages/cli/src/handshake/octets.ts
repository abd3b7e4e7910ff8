/** A cursor over the vectors of TLS (RFC 8446 section 3.4). Reading beyond the end throws RangeError. */
export class Octets {
  readonly #bytes: Uint8Array
  #at: number = 0

  constructor (bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done (): boolean { return this.#at >= this.#bytes.length }

  /** An unsigned number of so many octets. */
  number (octets: number): number {
    return this.take(octets).reduce((sum, octet) => sum * 256 + octet, 0)
  }

  take (length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new RangeError('a TLS message ends too early')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** A vector whose length takes so many octets. */
  vector (octets: number): Uint8Array {
    return this.take(this.number(octets))
  }
}
