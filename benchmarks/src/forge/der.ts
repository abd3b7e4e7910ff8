// The elements of DER that certificates and CRLs need.

/** One element. Its length takes as few octets as DER requires. */
export function element (tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  if (length < 0x80) return Buffer.concat([Uint8Array.of(tag, length), ...parts])
  const octets = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4
  const head = Buffer.alloc(2 + octets)
  head[0] = tag
  head[1] = 0x80 | octets
  head.writeUIntBE(length, 2, octets)
  return Buffer.concat([head, ...parts])
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => element(0x30, ...parts)
export const octetString = (...parts: readonly Uint8Array[]): Buffer => element(0x04, ...parts)
export const bitString = (bits: Uint8Array): Buffer => element(0x03, Buffer.alloc(1), bits)
export const TRUE: Buffer = Buffer.from('0101ff', 'hex')
export const ECDSA_SHA256: Buffer = sequence(Buffer.from('06082a8648ce3d040302', 'hex'))

/** A time before 2050. */
export function utcTime (time: number): Buffer {
  return element(0x17, Buffer.from(`${new Date(time).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))
}

/** The subject's DER, cut out of a certificate: the sixth element of its tbsCertificate. */
export function subjectOf (der: Uint8Array): Uint8Array {
  let at = enter(der, enter(der, 0))
  for (let index = 0; index < 5; index += 1) at = skip(der, at)
  return der.subarray(at, skip(der, at))
}

function enter (der: Uint8Array, at: number): number {
  return at + (der[at + 1]! < 0x80 ? 2 : 2 + (der[at + 1]! & 0x7f))
}

function skip (der: Uint8Array, at: number): number {
  const start = enter(der, at)
  let length = der[at + 1]!
  if (length >= 0x80) {
    length = 0
    for (let index = at + 2; index < start; index += 1) length = length * 256 + der[index]!
  }
  return start + length
}
