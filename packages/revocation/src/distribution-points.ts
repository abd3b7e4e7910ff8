import type { PeerIdentity } from '@peerkit/identity'
import { EXTENSION, readBasicConstraints, readCertificate } from '@peerkit/identity/x509'
import { readPointNames } from './crl-scope.ts'
import { DerSequence } from './der-sequence.ts'
import { TAG } from '@peerkit/identity/der'
import { readOid } from './der-values.ts'

const nothing: readonly string[] = Object.freeze([])
const points = new WeakMap<PeerIdentity, readonly string[]>()
const MAX_NAMES = 32
const URI = 0x86

/**
 * The names of a certificate's CRL distribution points, as hex of their DER (RFC 5280 section 4.2.1.13). Points for
 * some reasons only, or with their own CRL issuer, are left out. A certificate that cannot be parsed has none.
 */
export function readDistributionPoints (certificate: PeerIdentity): readonly string[] {
  let names = points.get(certificate)
  if (names === undefined) {
    names = readNames(certificate)
    points.set(certificate, names)
  }
  return names
}

/** The URIs among the names that `readDistributionPoints` returns. */
export function urisOf (names: readonly string[]): string[] {
  return names.map((name) => Buffer.from(name, 'hex')).filter((der) => der[0] === URI).map((der) => {
    const name = new DerSequence(der, 0, der.length)
    return Buffer.from(name.content(name.expect(URI))).toString('latin1')
  })
}

/** The OCSP responders that a certificate names (authority information access, RFC 5280 section 4.2.2.1). */
export function readOcspUris (certificate: PeerIdentity): string[] {
  const value = extensionOf(certificate, EXTENSION.authorityInfoAccess)
  if (value === undefined) return []
  const uris: string[] = []
  const list = DerSequence.of(value, TAG.sequence)
  while (!list.done && uris.length < MAX_NAMES) {
    const access = list.open(TAG.sequence)
    if (readOid(access) === '1.3.6.1.5.5.7.48.1' && access.peek() === URI) {
      uris.push(Buffer.from(access.content(access.expect(URI))).toString('latin1'))
    }
  }
  return uris
}

function readNames (certificate: PeerIdentity): readonly string[] {
  try {
    const value = extensionOf(certificate, EXTENSION.crlDistributionPoints)
    if (value === undefined) return nothing
    const names: string[] = []
    const list = DerSequence.of(value, TAG.sequence)
    while (!list.done && names.length < MAX_NAMES) {
      const point = list.open(TAG.sequence)
      const name = point.optionalOpen(0xa0)
      if (name !== undefined && point.done) names.push(...readPointNames(name) ?? [])
    }
    return names
  } catch {
    // Without points the certificate is in no list's scope. Its status is then unknown, which is the safe side.
    return nothing
  }
}

/** Whether basicConstraints say CA, regardless of keyUsage; undefined if the certificate is not available. */
export function isCaCertificate (certificate: PeerIdentity): boolean | undefined {
  if (certificate.raw === undefined) return certificate.isCa
  const value = extensionOf(certificate, EXTENSION.basicConstraints)
  return value !== undefined && readBasicConstraints(value).ca
}

function extensionOf (certificate: PeerIdentity, oid: string): Uint8Array | undefined {
  if (certificate.raw === undefined) return undefined
  return readCertificate(certificate.raw, certificate.tolerated).extensions.get(oid)?.value
}
