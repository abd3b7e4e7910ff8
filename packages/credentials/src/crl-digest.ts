import { createHash } from 'node:crypto'
import type { Pem } from './material.ts'

/** Tells one CRL from another. The same list in PEM and in DER counts as two: that is harmless. */
export function digestCrl (crl: Pem): string {
  return createHash('sha256').update(crl).digest('base64')
}
