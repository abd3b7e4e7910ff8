import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Pem } from './material.ts'

/** Bytes hashed in one turn of the event loop: one to three milliseconds. */
const SLICE = 1 << 20

/** Identifies a CRL by SHA-256. PEM and DER of the same CRL have different digests, which is harmless. */
export function digestCrl (crl: Pem): string {
  return createHash('sha256').update(crl).digest('base64')
}

/** Hashes bytes or text in slices, without blocking the event loop. */
export async function digestInSlices (content: Pem): Promise<string> {
  const hash = createHash('sha256')
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  for (let at = 0; at < bytes.length; at += SLICE) {
    if (at > 0) await nextTurn()
    hash.update(bytes.subarray(at, at + SLICE))
  }
  return hash.digest('base64')
}
