/** Octets that stand for a certificate in a Map: its signature, which no two certificates of one key share. Hashing all of it would cost V8 a microsecond or more. */
const TAIL = 64

/** The key under which a certificate is kept. Its finder compares the whole certificate. */
export function tailOf (der: Uint8Array): string {
  return Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1', Math.max(0, der.length - TAIL), der.length)
}
