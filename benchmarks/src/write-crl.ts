// A signed CRL of any size. Written by hand, because no library writes a million entries in a second.
import { createSign, randomBytes } from 'node:crypto'
import { ECDSA_SHA256, bitString, sequence, subjectOf, utcTime } from './forge/der.ts'

const KEPT = 10_000

/** A CRL of random serials of 20 octets, signed by the issuer. Returns some of the serials, to look them up. */
export function writeCrl (
  issuer: { readonly der: Uint8Array, readonly key: string }, count: number
): { der: Uint8Array, listed: string[] } {
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
  const times = [utcTime(Date.now() - 60_000), utcTime(Date.now() + 86_400_000)]
  const tbs = sequence(Buffer.from('020101', 'hex'), ECDSA_SHA256, subjectOf(issuer.der), ...times, sequence(entries))
  const signature = createSign('sha256').update(tbs).sign(issuer.key)
  return { der: sequence(tbs, ECDSA_SHA256, bitString(signature)), listed }
}

/** Random, 20 octets, positive. */
export function serial (): Buffer {
  const octets = randomBytes(20)
  octets[0] = (octets[0]! & 0x7f) | 0x40
  return octets
}
