import { MAX_NAME_LENGTH, parseDistinguishedName } from '@peerkit/identity'
import type { DistinguishedName, KnownIdentity } from '@peerkit/identity'
import crypto from 'node:crypto'
import { decodeEscapedPem } from '../encodings/pem-text.ts'
import { refuseReading } from '../header-format.ts'
import type { Claim, HeaderFormat, HeaderValues, Reading } from '../header-format.ts'
import { parseXfcc } from '../xfcc-grammar.ts'
import type { XfccElement, XfccKey } from '../xfcc-grammar.ts'

const SHA256 = /^[0-9a-fA-F]{64}$/
/** What a proxy says once. */
const SINGLE: readonly XfccKey[] = ['hash', 'cert', 'chain', 'subject']

/**
 * Envoy's and Istio's `X-Forwarded-Client-Cert`. Envoy appends: the last element is what the nearest proxy saw, the first what the outermost did.
 *
 * There must be as many elements as trusted hops. One more is a client's own, or a certificate's alternative name with a comma in it, which Envoy does not quote; one fewer means that a hop had
 * no certificate to tell of, and the next element would be a proxy's instead of the client's.
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

/** Envoy writes alternative names last and without quotes: what follows one may be part of it. */
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

/** Without the certificate: the digest, the quoted subject, and an alternative name that nothing follows. */
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

/** Old proxies write names with slashes, which cannot be read safely: unknown. */
function readSubject (text: string | undefined): DistinguishedName | undefined {
  if (text === undefined || text === '' || text.length > MAX_NAME_LENGTH) return undefined
  try {
    return parseDistinguishedName(text)
  } catch {
    return undefined
  }
}

/** A value that is there; an empty one says nothing. */
function valueOf (element: XfccElement, wanted: XfccKey): string | undefined {
  const value = element.find(({ key }) => key === wanted)?.value
  return value === '' ? undefined : value
}
