import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Pem } from './material.ts'

/** Octets hashed between two turns of the event loop: one to three milliseconds. */
const SLICE = 1 << 20

/** Tells one CRL from another, by SHA-256. The same list in PEM and in DER counts as two: that is harmless. */
export function digestCrl (crl: Pem): string {
  return createHash('sha256').update(crl).digest('base64')
}

/** The same, of any bytes or text, giving way to others between slices. */
export async function digestInSlices (content: Pem): Promise<string> {
  const hash = createHash('sha256')
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  for (let at = 0; at < bytes.length; at += SLICE) {
    if (at > 0) await nextTurn()
    hash.update(bytes.subarray(at, at + SLICE))
  }
  return hash.digest('base64')
}
