import { inspect } from 'node:util'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import { MTLS_ERR_DEV_CA_OPTION } from './errors.ts'

/**
 * A certificate to revoke: the result of `issue`, a CA, PEM (the first certificate), DER, or a serial number in hex.
 */
export type RevocationTarget = { readonly serialNumber: string } | { readonly der: Uint8Array } | string | Uint8Array

const PEM = '-----BEGIN '
const EXPECTED = 'an issued certificate, a CA, PEM, DER or a serial number'

/**
 * The serial number to revoke. @throws MTLS_ERR_DEV_CA_OPTION; the message never has text of the input: it may be a key
 */
export function readRevocationTarget (target: unknown): string {
  if (typeof target === 'string') return target.includes(PEM) ? readPem(target) : checkSerialNumber(target)
  if (target instanceof Uint8Array) return readDer(target)
  const { serialNumber, der } = Object(target)
  if (typeof serialNumber === 'string') return checkSerialNumber(serialNumber)
  if (der instanceof Uint8Array) return readDer(der)
  const found = typeof target === 'object' && target !== null ? 'an object of another kind' : inspect(target)
  throw new MTLS_ERR_DEV_CA_OPTION(`certificate is ${found}; expected ${EXPECTED}`)
}

function checkSerialNumber (text: string): string {
  const serialNumber = text.toLowerCase()
  if (/^([0-9a-f]{2})+$/.test(serialNumber)) return serialNumber
  const found = text.length > 80 ? `${text.length} characters` : `"${serialNumber}"`
  throw new MTLS_ERR_DEV_CA_OPTION(`serial number is ${found}; expected hexadecimal bytes, or PEM of a certificate`)
}

function readPem (text: string): string {
  let first: Uint8Array | undefined
  try {
    [first] = decodePem(text)
  } catch {}
  if (first !== undefined) return readDer(first)
  throw new MTLS_ERR_DEV_CA_OPTION('certificate is PEM without a readable certificate; expected one')
}

function readDer (der: Uint8Array): string {
  let serialNumber: string | undefined
  try {
    ({ serialNumber } = parsePeerIdentity(der))
  } catch {}
  if (serialNumber !== undefined) return serialNumber
  const found = `${der.length} bytes that cannot be parsed`
  throw new MTLS_ERR_DEV_CA_OPTION(`certificate is ${found}; expected DER of a certificate`)
}
