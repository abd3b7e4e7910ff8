import { createPublicKey, X509Certificate } from 'node:crypto'
import { inspect } from 'node:util'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import { DevCaOptionError } from '../errors.ts'

/**
 * A certificate to revoke: the result of `issue`, a CA, PEM (the first certificate), DER, or a serial number in hex.
 */
export type RevocationTarget = { readonly serialNumber: string } | { readonly der: Uint8Array } | string | Uint8Array

const PEM = '-----BEGIN '
const EXPECTED = 'an issued certificate, a CA, PEM, DER or a serial number'

/** What a target says: its serial number, and its certificate if it has one. */
export interface ReadTarget { readonly serialNumber: string, readonly der?: Uint8Array }

/**
 * The serial number to revoke. @throws DevCaOptionError; the message never has text of the input: it may be a key
 */
export function readRevocationTarget (target: unknown): ReadTarget {
  if (typeof target === 'string') {
    return target.includes(PEM) ? readPem(target) : { serialNumber: checkSerialNumber(target) }
  }
  if (target instanceof Uint8Array) return readDer(target)
  const { serialNumber, der } = Object(target)
  if (typeof serialNumber === 'string') {
    return { serialNumber: checkSerialNumber(serialNumber), ...(der instanceof Uint8Array && { der }) }
  }
  if (der instanceof Uint8Array) return readDer(der)
  const found = typeof target === 'object' && target !== null ? 'an object of another kind' : inspect(target)
  throw new DevCaOptionError(`certificate is ${found}; expected ${EXPECTED}`)
}

function checkSerialNumber (text: string): string {
  const serialNumber = text.toLowerCase()
  if (/^([0-9a-f]{2})+$/.test(serialNumber)) return serialNumber
  const found = text.length > 80 ? `${text.length} characters` : `"${serialNumber}"`
  throw new DevCaOptionError(`serial number is ${found}; expected hexadecimal bytes, or PEM of a certificate`)
}

function readPem (text: string): ReadTarget {
  let first: Uint8Array | undefined
  try {
    [first] = decodePem(text)
  } catch {}
  if (first !== undefined) return readDer(first)
  throw new DevCaOptionError('certificate is PEM without a readable certificate; expected one')
}

function readDer (der: Uint8Array): ReadTarget {
  let serialNumber: string | undefined
  try {
    ({ serialNumber } = parsePeerIdentity(der))
  } catch {}
  if (serialNumber !== undefined) return { serialNumber, der }
  const found = `${der.length} bytes that cannot be parsed`
  throw new DevCaOptionError(`certificate is ${found}; expected DER of a certificate`)
}

/**
 * Checks that a CA has signed the certificate. A CRL has serial numbers alone, so with the certificate of another CA it
 * would revoke nothing, or an innocent certificate with the same number.
 *
 * @param ca its certificate, DER, and its key, PEM
 * @throws DevCaOptionError
 */
export function checkOwnCertificate (der: Uint8Array, ca: { readonly der: Uint8Array, readonly key: string }): void {
  const name = new X509Certificate(ca.der).subject.split('\n').at(-1)
  if (Buffer.compare(der, ca.der) === 0) {
    const expected = 'one that it has issued; a CA is revoked by the CA above it, and a root by removing it'
    throw new DevCaOptionError(`certificate is that of the CA ${name} itself; expected ${expected}`)
  }
  const certificate = new X509Certificate(der)
  if (certificate.verify(createPublicKey(ca.key))) return
  const issuer = certificate.issuer.split('\n').at(-1)
  const another = issuer === name ? `another CA of the name ${name}` : `another CA (${issuer})`
  throw new DevCaOptionError(`certificate is from ${another}; expected one that this CA (${name}) has issued`)
}
