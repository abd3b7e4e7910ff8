import { createPublicKey, X509Certificate } from 'node:crypto'
import { decodePem } from '@peerkit/identity'
import { describeValue } from '@peerkit/identity/internal'
import { SpiffeInvalidError } from '../errors.ts'
import { splitCertificates } from '../source/read-certificates.ts'
import { readBundle } from '../source/read-update.ts'
import type { TrustDomainBundle } from '../source/read-update.ts'

/** A bundle document (SPIFFE Trust Domain and Bundle section 4). */
export interface BundleDocument extends TrustDomainBundle {
  /** Counts the changes of the bundle. Undefined: its owner does not count. */
  readonly sequence: number | undefined
  /** How often its owner wants it to be asked for, in seconds. */
  readonly refreshHint: number | undefined
}

/** Longest document in octets. A CA certificate is about 1 KiB. */
export const MAX_DOCUMENT_OCTETS: number = 4 * 1024 * 1024

/**
 * Reads a bundle document: a JWK set, in which the entries with `use: "x509-svid"` are the CA certificates. All other
 * entries are for other purposes, and are ignored.
 *
 * @param what where it comes from, for errors
 * @throws SpiffeInvalidError
 * @example
 * ```ts
 * const text = writeBundleDocument({ ca: ca.root, sequence: 7 })
 * console.log(parseBundleDocument(text, 'prod.example', 'bundle.json').sequence) // 7
 * ```
 */
export function parseBundleDocument (text: string, trustDomain: string, what: string): BundleDocument {
  const document = parseObject(text, what)
  const { keys, spiffe_sequence: sequence, spiffe_refresh_hint: refreshHint } = document
  if (!Array.isArray(keys)) throw malformed(what, 'keys', keys, 'a list of keys')
  const ders = keys.filter((key) => key?.use === 'x509-svid').map((key, index) => readKey(key, index, what))
  return {
    ...readBundle(Buffer.concat(ders), trustDomain),
    sequence: readCount(sequence, 'spiffe_sequence', what),
    refreshHint: readCount(refreshHint, 'spiffe_refresh_hint', what)
  }
}

function parseObject (text: string, what: string): Record<string, unknown> {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new SpiffeInvalidError('malformed', `${what} is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document as never
  throw malformed(what, 'the document', document, 'an object')
}

/** One CA certificate: `x5c` has it alone (section 4.2.2), and its key is the JWK itself. */
function readKey ({ x5c }: { readonly x5c?: unknown }, index: number, what: string): Uint8Array {
  const [base64] = Array.isArray(x5c) && x5c.length === 1 ? x5c : []
  if (typeof base64 !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    throw malformed(what, `keys[${index}].x5c`, x5c, 'a list of one certificate in base64')
  }
  const der = Buffer.from(base64, 'base64')
  const found = splitCertificates(der, `${what}: keys[${index}].x5c`).length
  if (found === 1) return der
  throw new SpiffeInvalidError('malformed', `${what}: keys[${index}].x5c has ${found} certificates; expected one`)
}

function readCount (value: unknown, name: string, what: string): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw malformed(what, name, value, 'a whole number')
}

function malformed (what: string, name: string, found: unknown, expected: string): SpiffeInvalidError {
  return new SpiffeInvalidError('malformed', `${what}: ${name} is ${describeValue(found)}; expected ${expected}`)
}

/** What a document is made of. */
export interface WrittenBundle {
  /** CA certificates, PEM. */
  readonly ca: string | readonly string[]
  readonly sequence?: number | undefined
  /** Seconds. */
  readonly refreshHint?: number | undefined
}

/**
 * Writes a bundle document.
 *
 * @example
 * ```ts
 * console.log(JSON.parse(writeBundleDocument({ ca: ca.root, refreshHint: 300 })).spiffe_refresh_hint) // 300
 * ```
 */
export function writeBundleDocument ({ ca, sequence, refreshHint }: WrittenBundle): string {
  const ders = (typeof ca === 'string' ? [ca] : ca).flatMap((pem) => decodePem(pem))
  const keys = ders.map((der) => {
    const { publicKey } = new X509Certificate(der)
    // Keys that Node cannot write as a JWK are for x5c alone.
    const { kty, crv, x, y, n, e } = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }) as string)
      .export({ format: 'jwk' })
    return { use: 'x509-svid', kty, crv, x, y, n, e, x5c: [Buffer.from(der).toString('base64')] }
  })
  return JSON.stringify({ spiffe_sequence: sequence, spiffe_refresh_hint: refreshHint, keys })
}
