import type { Candidates } from '../certificate/certificate-set.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { weighCertificate } from './weigh-certificate.ts'

/** The limit for all certificates of a store, in bytes, approximately: that of 2,000 usual ones. */
const MAX_BYTES = 16 * 1024 * 1024
/** A larger one is not kept, so that it does not evict many others. */
const MAX_WEIGHT = MAX_BYTES / 16

/**
 * A cache of intermediates whose signatures led to an anchor, bounded in entries and in bytes. It evicts the one that
 * was added first. Only certificates of verified paths are added, so that strangers cannot fill the cache. It saves
 * verifying their signatures again, and provides the chain of a resumed TLS session, in which the peer sends no
 * intermediates.
 */
export class CertificateStore implements Candidates {
  readonly #byTail = new Map<string, Certificate>()
  readonly #byName = new Map<string, Certificate[]>()
  readonly #capacity: number
  #bytes = 0

  constructor (capacity: number) {
    this.#capacity = capacity
  }

  get size (): number { return this.#byTail.size }

  /** Whether there is room for it without evicting others. */
  hasRoomFor (certificate: Certificate): boolean {
    const weight = weighCertificate(certificate)
    return weight <= MAX_WEIGHT && this.#bytes + weight <= MAX_BYTES
  }

  /** Whether this object, and not a copy, is in the store. */
  has (certificate: Certificate): boolean { return this.#byTail.get(tailOf(certificate.der)) === certificate }

  /** Returns the certificate with exactly these bytes. */
  find (der: Uint8Array): Certificate | undefined {
    const found = this.#byTail.get(tailOf(der))
    return found !== undefined && sameBytes(found.der, der) ? found : undefined
  }

  named (subjectKey: string): readonly Certificate[] {
    return this.#byName.get(subjectKey) ?? []
  }

  add (certificate: Certificate): void {
    const weight = weighCertificate(certificate)
    if (weight > MAX_WEIGHT) return
    const tail = tailOf(certificate.der)
    const known = this.#byTail.get(tail)
    if (known !== undefined) this.#forget(tail, known)
    this.#byTail.set(tail, certificate)
    this.#bytes += weight
    const group = this.#byName.get(certificate.subjectKey)
    if (group === undefined) this.#byName.set(certificate.subjectKey, [certificate])
    else group.unshift(certificate)
    for (const oldest of this.#byTail) {
      if (this.#byTail.size <= this.#capacity && this.#bytes <= MAX_BYTES) break
      this.#forget(...oldest)
    }
  }

  #forget (tail: string, certificate: Certificate): void {
    this.#byTail.delete(tail)
    this.#bytes -= weighCertificate(certificate)
    const left = this.named(certificate.subjectKey).filter((other) => other !== certificate)
    if (left.length === 0) this.#byName.delete(certificate.subjectKey)
    else this.#byName.set(certificate.subjectKey, left)
  }
}

/**
 * How many octets at the end of a certificate are its key in a Map. They are part of the signature, which differs
 * between certificates. Hashing the whole certificate would cost V8 a microsecond or more.
 */
const TAIL = 64

/** The key of a certificate in a Map. It need not be unique: a look-up must compare the whole certificate. */
export function tailOf (der: Uint8Array): string {
  const { length } = der
  return Buffer.from(der.buffer, der.byteOffset, length).toString('latin1', Math.max(0, length - TAIL), length)
}

export function sameBytes (one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0
}

/** Whether two lists have the same bytes, in the same order. */
export function sameLists (one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((der, index) => sameBytes(der, other[index]!))
}
