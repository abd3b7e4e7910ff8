import type { PeerIdentity } from '@peerkit/identity'
import { TAG } from '@peerkit/identity/der'
import { EXTENSION, readBasicConstraints } from '@peerkit/identity/x509'
import { CrlInvalidError } from '../errors.ts'
import { DerSequence, extensionOf, readBoolean, readUri } from '../x509/der.ts'

/** Which certificates of its issuer a CRL covers (issuing distribution point, RFC 5280 section 5.2.5). */
export interface CrlScope {
  readonly only: 'user' | 'ca' | undefined
  /**
   * The distribution point's names in DER, in hex. The certificate must name one of them. Undefined: every
   * certificate.
   */
  readonly distributionPoints: readonly string[] | undefined
  /** The extension in hex, '' if there is none. A delta CRL's must equal its base's. */
  readonly raw: string
}

export const WHOLE_SCOPE: CrlScope = Object.freeze({ only: undefined, distributionPoints: undefined, raw: '' })

/** Reads the extension's value. Refuses scopes that would make the list partial or indirect. */
export function readCrlScope (value: Uint8Array): CrlScope {
  const point = DerSequence.of(value, TAG.sequence)
  const name = point.optionalOpen(0xa0)
  const distributionPoints = name === undefined ? undefined : readPointNames(name)
  if (name !== undefined && distributionPoints === undefined) {
    throw new CrlInvalidError('scope', 'the distribution point is named relative to the issuer')
  }
  const onlyUser = readFlag(point, 0x81)
  const onlyCa = readFlag(point, 0x82)
  if (point.optional(0x83) !== undefined) {
    throw new CrlInvalidError('scope', 'it lists revocations for some reasons only (onlySomeReasons)')
  }
  if (readFlag(point, 0x84)) throw new CrlInvalidError('indirect', 'it covers other issuers (indirectCRL)')
  if (readFlag(point, 0x85)) {
    throw new CrlInvalidError('scope', 'it lists attribute certificates only (onlyContainsAttributeCerts)')
  }
  point.finish()
  if (onlyUser && onlyCa) {
    throw new CrlInvalidError('scope', 'it has both onlyContainsUserCerts and onlyContainsCACerts')
  }
  return {
    only: onlyUser ? 'user' : onlyCa ? 'ca' : undefined,
    distributionPoints,
    raw: Buffer.from(value).toString('hex')
  }
}

/**
 * The names of a DistributionPointName's fullName, as hex of their DER; undefined for a name relative to the issuer.
 */
export function readPointNames (from: DerSequence): readonly string[] | undefined {
  const names = from.optionalOpen(0xa0)
  if (names === undefined) return undefined
  from.finish()
  const found: string[] = []
  while (!names.done) found.push(Buffer.from(names.whole(names.next())).toString('hex'))
  return found
}

function readFlag (from: DerSequence, tag: number): boolean {
  return from.peek() === tag && readBoolean(from, tag)
}

/** Whether a list of this scope covers a certificate. */
export function covers (scope: CrlScope, certificate: PeerIdentity): boolean {
  if (scope.only !== undefined && isCaCertificate(certificate) !== (scope.only === 'ca')) return false
  if (scope.distributionPoints === undefined) return true
  const own = readDistributionPoints(certificate)
  return scope.distributionPoints.some((name) => own.includes(name))
}

const nothing: readonly string[] = Object.freeze([])
const points = new WeakMap<PeerIdentity, readonly string[]>()
const MAX_NAMES = 32

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
  return names.map((name) => readUri(new DerSequence(Buffer.from(name, 'hex')))).filter((uri) => uri !== undefined)
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
