import { X509Certificate } from 'node:crypto'
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

/** Whether the owner of a bundle says that one document is newer than another one. */
export function isNewer (one: BundleDocument, other: BundleDocument): boolean {
  return one.sequence !== undefined && one.sequence > (other.sequence ?? -1)
}

/** Longest document in octets. A CA certificate is about 1 KiB. */
export const MAX_DOCUMENT_OCTETS: number = 4 * 1024 * 1024

/** The most CA certificates of one trust domain. Each takes a tenth of a millisecond to read. */
export const MAX_CERTIFICATES = 1_000

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
  return readBundleDocument(parseJson(text, what), trustDomain, what)
}

/**
 * Reads a document that is parsed already.
 *
 * @throws SpiffeInvalidError
 */
export function readBundleDocument (document: unknown, trustDomain: string, what: string): BundleDocument {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw malformed(what, 'the document', document, 'an object')
  }
  const { keys, spiffe_sequence: sequence, spiffe_refresh_hint: refreshHint } = document as Record<string, unknown>
  if (!Array.isArray(keys)) throw malformed(what, 'keys', keys, 'a list of keys')
  const ders = new Map<string, Uint8Array>()
  for (const [index, key] of keys.entries()) {
    if (key?.use !== 'x509-svid') continue
    const der = readKey(key, index, what)
    ders.set(der.toString('base64'), der)
    if (ders.size > MAX_CERTIFICATES) {
      throw new SpiffeInvalidError('too_large', `${what} has more than ${MAX_CERTIFICATES} CA certificates`)
    }
  }
  return {
    ...readBundle(Buffer.concat([...ders.values()]), trustDomain),
    sequence: readCount(sequence, 'spiffe_sequence', what),
    refreshHint: readCount(refreshHint, 'spiffe_refresh_hint', what)
  }
}

/** @throws SpiffeInvalidError with the reason `malformed` or `too_large` */
export function parseJson (text: string, what: string): unknown {
  if (text.length > MAX_DOCUMENT_OCTETS) {
    const found = `${what} has ${text.length} characters`
    throw new SpiffeInvalidError('too_large', `${found}; expected at most ${MAX_DOCUMENT_OCTETS}`)
  }
  try {
    // Editors of Windows write a byte order mark, and PEM may have one too (RFC 8259 section 8.1).
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    // The message of Node quotes the text, which is a secret if the path of another file was given.
    const [where = 'it ends too early'] = /at position \d+/.exec((error as Error).message) ?? []
    throw new SpiffeInvalidError('malformed', `${what} is not JSON: ${where}`)
  }
}

/**
 * One CA certificate: `x5c` has it alone (X509-SVID section 6.2), and its key is the JWK itself. Line breaks in the
 * base64 are accepted, as other implementations do.
 */
function readKey ({ x5c }: { readonly x5c?: unknown }, index: number, what: string): Buffer {
  const [given] = Array.isArray(x5c) && x5c.length === 1 ? x5c : []
  const base64 = typeof given === 'string' ? given.replace(/[\r\n]+/g, '') : undefined
  if (base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    // What is in the list says more than that it is one.
    const [where, found] = Array.isArray(x5c) && x5c.length === 1 ? ['x5c[0]', given] : ['x5c', x5c]
    const expected = where === 'x5c' ? 'a list of one certificate in base64' : 'a certificate in base64'
    throw malformed(what, `keys[${index}].${where}`, found, expected)
  }
  const der = Buffer.from(base64, 'base64')
  const found = splitCertificates(der, `${what}: keys[${index}].x5c`).length
  if (found === 1) return der
  throw new SpiffeInvalidError('malformed', `${what}: keys[${index}].x5c has ${found} certificates; expected one`)
}

function readCount (value: unknown, name: string, what: string): number | undefined {
  if (value === undefined) return undefined
  // 64 bits (section 4.1.1). A large one is rounded, the largest to 2 ** 64, which keeps the order.
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 64) return value
  throw malformed(what, name, value, 'a whole number')
}

function malformed (what: string, name: string, found: unknown, expected: string): SpiffeInvalidError {
  return new SpiffeInvalidError('malformed', `${what}: ${name} is ${describeValue(found)}; expected ${expected}`)
}

/**
 * Reads CA certificates in PEM, with or without comments.
 *
 * @throws SpiffeInvalidError
 */
export function readPemBundle (text: string, trustDomain: string, what: string): BundleDocument {
  let ders: Uint8Array[]
  try {
    ders = decodePem(text)
  } catch (error) {
    throw new SpiffeInvalidError('malformed', `${what}: ${(error as Error).message}`, { cause: error })
  }
  if (ders.length > MAX_CERTIFICATES) {
    throw new SpiffeInvalidError('too_large', `${what} has more than ${MAX_CERTIFICATES} CA certificates`)
  }
  return { ...readBundle(Buffer.concat(ders), trustDomain), sequence: undefined, refreshHint: undefined }
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
    return { use: 'x509-svid', ...writeKey(der), x5c: [Buffer.from(der).toString('base64')] }
  })
  return JSON.stringify({ spiffe_sequence: sequence, spiffe_refresh_hint: refreshHint, keys })
}

/**
 * Readers need `kty`. A key that Node cannot write as a JWK is in the certificate alone. A CA of another trust domain
 * may have a key that Node cannot even read: its certificate is passed on all the same.
 */
function writeKey (der: Uint8Array): object {
  let type = 'unknown'
  try {
    const { publicKey } = new X509Certificate(der)
    type = publicKey.asymmetricKeyType ?? type
    const { kty, crv, x, y, n, e } = publicKey.export({ format: 'jwk' })
    return { kty, crv, x, y, n, e }
  } catch {
    return { kty: type.toUpperCase() }
  }
}
