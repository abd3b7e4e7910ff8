import { validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { derOf } from '@peerkit/identity/internal'
import { EXTENSION, readCertificate } from '@peerkit/identity/x509'
import { refused } from '../errors.ts'
import { checkKeySize, showTime } from './check-certificate.ts'
import { identitiesOf, isSelfIssued, subjectKey } from './parsed-certificate.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/** Trust anchors, and warnings about them. */
interface CheckedAnchors { readonly anchors: readonly ParsedCertificate[], readonly warnings: readonly string[] }

/**
 * Checks the certificates of `ca`. A certificate that is not a CA is refused: it would make a leaf a trust anchor. An
 * anchor that is not valid now is ignored with a warning. If none is left, the bundle is refused: with an empty `ca`,
 * Node would trust the public roots.
 *
 * @param partial whether an intermediate CA may be an anchor
 * @throws CredentialsRefusedError
 */
export function checkAnchors (
  certificates: readonly ParsedCertificate[], where: string, now: number, partial = false
): CheckedAnchors {
  const anchors = new Map<string | undefined, ParsedCertificate>()
  const warnings: string[] = []
  for (const certificate of certificates) {
    checkAuthority(certificate, where)
    checkKeySize(certificate, where)
    const { identity } = certificate
    if (anchors.has(identity.fingerprint256)) continue
    if (validityAt(identity, now) !== 'valid') warnings.push(describeLeftOut(identity, where, now))
    else {
      anchors.set(identity.fingerprint256, certificate)
      // By default OpenSSL accepts a path only if it ends at a self-issued certificate.
      if (!partial && !isSelfIssued(certificate)) {
        const note = 'peers below it are accepted only if its root is in ca too'
        warnings.push(`${where}: ${String(identity)} is an intermediate CA; ${note}`)
      }
    }
  }
  if (anchors.size === 0) {
    const found = `found ${certificates.length} CA certificates, none of them valid now`
    const startsAt = nextStart(identitiesOf(certificates), now)
    throw refused('no_anchor', where, `${found}; expected at least one`, {
      ...(startsAt !== Infinity && { startsAt })
    })
  }
  return { anchors: [...anchors.values()], warnings }
}

/** When the first of the CAs starts that are not valid yet. Infinity if there is none. */
export function nextStart (certificates: readonly PeerIdentity[], now: number): number {
  return Math.min(...certificates.map(({ notBefore = -Infinity }) => notBefore).filter((time) => time > now))
}

/** Makes the warning about a CA certificate that is not valid now. */
export function describeLeftOut (identity: PeerIdentity, where: string, now: number): string {
  const { notBefore = Infinity, notAfter = -Infinity } = identity
  const isExpired = validityAt(identity, now) === 'expired'
  const why = isExpired ? `expired on ${showTime(notAfter)}` : `is not valid before ${showTime(notBefore)}`
  return `${where}: ignored ${String(identity)}, which ${why}`
}

/**
 * basicConstraints must say CA, and keyUsage, if present, keyCertSign (RFC 5280 sections 4.2.1.9 and 4.2.1.3).
 *
 * @throws CredentialsRefusedError
 */
export function checkAuthority ({ identity, x509 }: ParsedCertificate, where: string): void {
  if (identity.isCa === true && x509.ca) return
  const found = `found ${String(identity)}, which is not a CA certificate`
  throw refused('no_anchor', where, `${found}; expected only CA certificates (${whyNoAuthority(identity, x509.ca)})`)
}

function whyNoAuthority ({ isCa }: PeerIdentity, isCaForNode: boolean): string {
  if (isCa === true && !isCaForNode) return 'its keyUsage lacks keyCertSign'
  return 'its basicConstraints do not say CA: it is one of a client or server, or a root of X.509 version 1, ' +
    'which has no extensions and has to be issued again'
}

/**
 * Warns of CAs that have one name, different keys, and not all a subject key identifier. OpenSSL chooses an issuer by
 * name and key identifier, not by signature. So in the handshake it takes the first of them, and rejects the
 * certificates of the others (RFC 5280 section 4.2.1.2 requires the identifier in every CA certificate).
 *
 * @param anchors all trusted CAs, and where each is from
 */
export function describeTwins (
  anchors: ReadonlyArray<{ readonly identity: PeerIdentity, readonly where: string }>
): string[] {
  const byName = new Map<string, Array<typeof anchors[number]>>()
  for (const anchor of anchors) {
    const { subject } = anchor.identity
    if (subject === undefined) continue
    const key = subjectKey(anchor.identity)
    const twins = byName.get(key)
    if (twins === undefined) byName.set(key, [anchor])
    else twins.push(anchor)
  }
  return [...byName.values()].flatMap((twins) => {
    const keys = new Set(twins.map(({ identity }) => identity.publicKey256))
    if (keys.size < 2) return []
    const bare = twins.find(({ identity }) => !hasKeyIdentifier(identity))
    if (bare === undefined) return []
    const { identity } = bare
    const found =
      `${keys.size} CAs have the name ${String(identity.subject)}, and ${String(identity)} has no key identifier`
    const effect = 'OpenSSL takes the first of them and rejects the certificates of the others'
    return [`${bare.where}: ${found}; ${effect}: issue it again with subjectKeyIdentifier, or keep one`]
  })
}

function hasKeyIdentifier (certificate: PeerIdentity): boolean {
  const der = derOf(certificate)
  return der !== undefined && readCertificate(der).extensions.has(EXTENSION.subjectKeyIdentifier)
}

/**
 * The most bytes of names that a server can send. The list has 65,535 bytes (RFC 8446 section 4.2.4, RFC 5246 section
 * 7.4.4), and in TLS 1.3 shares them with other extensions, such as the list of signature algorithms.
 */
const MAX_NAME_BYTES = 64_000

/**
 * The names of all trusted CAs go into the CertificateRequest of a server. If they do not fit, OpenSSL breaks off every
 * handshake.
 *
 * @param cas the CAs of clients, with duplicates of names, since OpenSSL sends each
 * @param where where they are from
 * @returns the refusal, and what was found; undefined if they fit
 */
export function describeCaNames (
  cas: readonly PeerIdentity[], where: readonly string[]
): { readonly error: Error, readonly found: string } | undefined {
  // A name is shorter than its certificate, so most bundles need no second look.
  const ders = cas.map((ca) => derOf(ca) ?? new Uint8Array())
  if (ders.reduce((sum, { length }) => sum + length, 0) <= MAX_NAME_BYTES) return undefined
  const bytes = ders.reduce((sum, der) => sum + lengthOfName(der) + 2, 0)
  if (bytes <= MAX_NAME_BYTES) return undefined
  const found = `found ${cas.length} CA certificates whose names have ${bytes} bytes`
  const expected = `expected at most ${MAX_NAME_BYTES}, because a server sends them in one TLS message and every ` +
    'handshake would fail; use fewer CAs, or sendCaNames: false, or use: "client" for credentials of a client'
  return { error: refused('unusable', where.join(', '), `${found}; ${expected}`), found }
}

/** A source checks the same CAs again and again. */
const nameLengths = new WeakMap<Uint8Array, number>()

function lengthOfName (der: Uint8Array): number {
  const length = nameLengths.get(der) ?? readCertificate(der).subjectRaw.length
  nameLengths.set(der, length)
  return length
}
