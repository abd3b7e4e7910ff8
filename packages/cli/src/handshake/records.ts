import { createDecipheriv, createHmac } from 'node:crypto'
import type { CipherGCMTypes } from 'node:crypto'

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

interface Suite {
  readonly cipher: CipherGCMTypes | 'chacha20-poly1305'
  readonly keyLength: number
  readonly hash: string
}

/** The suites of TLS 1.3 that OpenSSL offers (RFC 8446 appendix B.4). */
const SUITES: Readonly<Record<number, Suite>> = {
  0x1301: { cipher: 'aes-128-gcm', keyLength: 16, hash: 'sha256' },
  0x1302: { cipher: 'aes-256-gcm', keyLength: 32, hash: 'sha384' },
  0x1303: { cipher: 'chacha20-poly1305', keyLength: 32, hash: 'sha256' }
}
const TAG_LENGTH = 16

/** Decrypts a record from its header and its encrypted content. */
export type OpenRecord = (header: Uint8Array, sealed: Uint8Array) => {
  readonly type: number
  readonly content: Uint8Array
}

/** Decrypts records of a traffic secret, in order (RFC 8446 section 5.2). Undefined for an unknown cipher suite. */
export function recordOpener (suite: number, secret: Uint8Array): OpenRecord | undefined {
  const known = SUITES[suite]
  if (known === undefined) return undefined
  const key = expandLabel(known.hash, secret, 'key', known.keyLength)
  const iv = expandLabel(known.hash, secret, 'iv', 12)
  let sequence = 0
  return (header, sealed) => {
    const nonce = Buffer.from(iv)
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequence++) >>> 0, 8)
    const decipher = createDecipheriv(known.cipher as CipherGCMTypes, key, nonce, { authTagLength: TAG_LENGTH })
    decipher.setAAD(header)
    decipher.setAuthTag(sealed.subarray(-TAG_LENGTH))
    const inner = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()])
    const last = inner.findLastIndex((octet) => octet !== 0)
    return { type: inner[last] ?? 0, content: inner.subarray(0, Math.max(last, 0)) }
  }
}

/** HKDF-Expand-Label (RFC 8446 section 7.1) for one block. Node's `hkdf` cannot be used, because it extracts first. */
function expandLabel (hash: string, secret: Uint8Array, label: string, length: number): Buffer {
  const name = `tls13 ${label}`
  const info = Buffer.concat([
    Buffer.from([length >> 8, length & 0xff, name.length]),
    Buffer.from(name),
    Buffer.from([0])
  ])
  return createHmac(hash, secret).update(info).update(Buffer.from([1])).digest().subarray(0, length)
}

/** A TLS record, as it was sent. */
export interface TlsRecord { readonly type: number, readonly header: Uint8Array, readonly content: Uint8Array }

/** Splits the bytes of a connection. The last record may be cut off: RangeError. */
export function * splitRecords (bytes: Uint8Array): Generator<TlsRecord, void> {
  const octets = new Octets(bytes)
  while (!octets.done) {
    const header = octets.take(5)
    const content = octets.take(((header[3] ?? 0) << 8) | (header[4] ?? 0))
    yield { type: header[0] ?? 0, header, content }
  }
}
