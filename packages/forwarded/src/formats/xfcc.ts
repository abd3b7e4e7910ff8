import crypto from 'node:crypto'
import { MAX_NAME_LENGTH, parseDistinguishedName } from '@peerkit/identity'
import type { DistinguishedName, KnownIdentity } from '@peerkit/identity'
import { decodeEscapedPem } from '../headers/encodings.ts'
import { refuseReading } from '../headers/header-format.ts'
import type { Claim, HeaderFormat, HeaderValues, Reading } from '../headers/header-format.ts'

const SHA256 = /^[0-9a-fA-F]{64}$/
/** Keys that may occur once in an element. */
const SINGLE: readonly XfccKey[] = ['hash', 'cert', 'chain', 'subject']

/**
 * `X-Forwarded-Client-Cert` of Envoy and Istio. Each Envoy appends an element: the first describes what the outermost
 * proxy saw, the last what the nearest one saw.
 *
 * The number of elements must be `trustedHops`. One more was written by a client, or comes from a comma in an
 * alternative name, which Envoy does not quote. One fewer means that a hop had no client certificate, and the first
 * element would describe a proxy instead of the client.
 */
export function createXfccFormat (trustedHops: number): HeaderFormat {
  function read ({ certificate: text }: HeaderValues, byGateway: boolean): Reading {
    if (text === undefined) return { state: 'none' }
    const elements = parseXfcc(text)
    if (elements === undefined) return refuseReading('malformed', 'certificate')
    if (elements.length !== trustedHops) return refuseReading('hop_count', 'certificate')
    const [client, ...gateways] = elements.map(readElement)
    if (client === undefined || gateways.includes(undefined)) return refuseReading('malformed', 'certificate')
    if (!byGateway && 'known' in client) return refuseReading('certificate_missing', 'certificate')
    return { state: 'claims', claims: [client, ...gateways as Claim[]] }
  }
  return { headers: { certificate: 'x-forwarded-client-cert' }, verifies: true, read }
}

function readElement (element: XfccElement): Claim | undefined {
  if (!isOrdered(element)) return undefined
  const [digest, cert, chain] = [valueOf(element, 'hash'), valueOf(element, 'cert'), valueOf(element, 'chain')]
  if (digest !== undefined && !SHA256.test(digest)) return undefined
  if (cert === undefined && chain === undefined) return readKnown(element, digest)
  const claim = readCertificates(cert, chain)
  if (
    claim === undefined ||
    (digest !== undefined && crypto.hash('sha256', claim.leaf, 'hex') !== digest.toLowerCase())
  ) {
    return undefined
  }
  return claim
}

/** Envoy writes alternative names last and without quotes, so text after one may be part of it. */
function isOrdered (element: XfccElement): boolean {
  const first = element.findIndex(({ key }) => key === 'uri' || key === 'dns')
  if (first !== -1 && element.slice(first).some(({ key }) => key !== 'uri' && key !== 'dns')) return false
  return SINGLE.every((single) => element.filter(({ key }) => key === single).length <= 1)
}

/** `Chain` begins with the leaf. */
function readCertificates (
  cert: string | undefined,
  chain: string | undefined
): Extract<Claim, { leaf: Uint8Array }> | undefined {
  const [only, ...others] = cert === undefined ? [] : (decodeEscapedPem(cert) ?? [])
  const [first, ...above] = chain === undefined ? [] : (decodeEscapedPem(chain) ?? [])
  if (others.length > 0 || (cert !== undefined && only === undefined) || (chain !== undefined && first === undefined)) {
    return undefined
  }
  if (only !== undefined && first !== undefined && Buffer.compare(only, first) !== 0) return undefined
  const leaf = only ?? first
  return leaf === undefined ? undefined : { leaf, chain: above }
}

/** Reads an element without a certificate: the digest, the quoted subject, and an alternative name that is last. */
function readKnown (element: XfccElement, digest: string | undefined): Claim | undefined {
  const subject = readSubject(valueOf(element, 'subject'))
  const names = element.filter(({ key, value }) => (key === 'uri' || key === 'dns') && value !== '')
  const [name] = names
  const alone = name !== undefined && names.length === 1 && element.at(-1) === name ? name : undefined
  const known: KnownIdentity = {
    subject,
    fingerprint256: digest,
    ...(alone !== undefined && { subjectAltNames: { [alone.key]: [alone.value] } })
  }
  return subject === undefined && digest === undefined && alone === undefined ? undefined : { known }
}

/** Old proxies write names with slashes. They cannot be parsed safely, so the subject is then unknown. */
function readSubject (text: string | undefined): DistinguishedName | undefined {
  if (text === undefined || text === '' || text.length > MAX_NAME_LENGTH) return undefined
  try {
    return parseDistinguishedName(text)
  } catch {
    return undefined
  }
}

/** The value of a key; undefined if it is missing or empty. */
function valueOf (element: XfccElement, wanted: XfccKey): string | undefined {
  const value = element.find(({ key }) => key === wanted)?.value
  return value === '' ? undefined : value
}

/** `by` and `hash` first, as Envoy writes them. */
export type XfccKey = 'by' | 'hash' | 'cert' | 'chain' | 'subject' | 'uri' | 'dns'
export interface XfccPair { readonly key: XfccKey, readonly value: string }
/** One element: the pairs of one proxy, in order. */
export type XfccElement = readonly XfccPair[]

const KEYS: readonly string[] = ['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns']

interface Cut { readonly value: string, readonly end: number }

/**
 * Parses `X-Forwarded-Client-Cert`: elements separated by commas, each with `key=value` pairs separated by
 * semicolons. Keys are case-insensitive. A quoted value ends at the next quote that is not escaped by a backslash,
 * and a separator must follow. The text between the quotes is returned unchanged: in a subject, the backslashes
 * belong to RFC 4514.
 *
 * @returns undefined if the text is malformed
 */
export function parseXfcc (text: string): XfccElement[] | undefined {
  const elements: XfccPair[][] = [[]]
  for (let at = 0; ;) {
    const equals = text.indexOf('=', at)
    const key = text.slice(at, equals === -1 ? at : equals).toLowerCase()
    if (!KEYS.includes(key)) return undefined
    const cut = text[equals + 1] === '"' ? cutQuoted(text, equals + 2) : cutPlain(text, equals + 1)
    if (cut === undefined) return undefined
    elements.at(-1)?.push({ key: key as XfccKey, value: cut.value })
    if (cut.end === text.length) return elements
    const separator = text[cut.end]
    at = cut.end + 1
    if (separator === ',') {
      elements.push([])
      while (text[at] === ' ' || text[at] === '\t') at++
    } else if (separator !== ';') return undefined
  }
}

function cutQuoted (text: string, start: number): Cut | undefined {
  let end = start
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  return end < text.length ? { value: text.slice(start, end), end: end + 1 } : undefined
}

/** Envoy does not escape URIs, so the value may contain an equals sign. */
function cutPlain (text: string, start: number): Cut | undefined {
  let end = start
  while (end < text.length && text[end] !== ';' && text[end] !== ',') end++
  const value = text.slice(start, end)
  return value.includes('"') ? undefined : { value, end }
}
