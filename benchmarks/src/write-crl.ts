// A certificate revocation list of any size, signed; by hand, since nobody else writes a million entries in a second.
import { createSign, randomBytes } from 'node:crypto'

const KEPT = 10_000

/** A CRL of random serials of 20 octets, signed by the issuer; the serials of some are kept for looking up. */
export function writeCrl (issuer: { readonly der: Uint8Array, readonly key: string }, count: number): { der: Uint8Array, listed: string[] } {
  const length = 2 + 20 + 15
  const date = Buffer.from('\x17\x0d260101000000Z', 'latin1')
  const entries = Buffer.allocUnsafe(count * (2 + length))
  const listed: string[] = []
  for (let i = 0, at = 0; i < count; i++, at += 2 + length) {
    const octets = serial()
    entries[at] = 0x30
    entries[at + 1] = length
    entries[at + 2] = 0x02
    entries[at + 3] = 20
    octets.copy(entries, at + 4)
    date.copy(entries, at + 24)
    if (i % Math.ceil(count / KEPT) === 0) listed.push(octets.toString('hex'))
  }
  const ecdsaSha256 = element(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
  const times = [Date.now() - 60_000, Date.now() + 86_400_000].map((time) => element(0x17, Buffer.from(`${new Date(time).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`)))
  const tbs = element(0x30, Buffer.from('020101', 'hex'), ecdsaSha256, subjectOf(issuer.der), ...times, element(0x30, entries))
  const signature = createSign('sha256').update(tbs).sign(issuer.key)
  return { der: element(0x30, tbs, ecdsaSha256, element(0x03, Buffer.alloc(1), signature)), listed }
}

/** Random, 20 octets, positive. */
export function serial (): Buffer {
  const octets = randomBytes(20)
  octets[0] = (octets[0]! & 0x7f) | 0x40
  return octets
}

function element (tag: number, ...parts: Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = length < 0x80 ? [tag, length] : [tag, 0x84, length >>> 24, length >>> 16, length >>> 8, length]
  while (head[1]! > 0x81 && head[2] === 0) head.splice(1, 2, head[1]! - 1)
  return Buffer.concat([Uint8Array.from(head), ...parts])
}

/** The subject's DER, cut out of a certificate: the sixth element of its tbsCertificate. */
function subjectOf (der: Uint8Array): Uint8Array {
  let at = enter(der, enter(der, 0))
  for (let i = 0; i < 5; i++) at = skip(der, at)
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
    for (let i = at + 2; i < start; i++) length = length * 256 + der[i]!
  }
  return start + length
}
