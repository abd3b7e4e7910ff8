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
