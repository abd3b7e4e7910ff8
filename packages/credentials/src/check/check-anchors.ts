import { validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { refused } from '../errors.ts'
import { checkKeySize } from './check-key-size.ts'
import { showTime } from './check-validity.ts'
import { isSelfIssued } from './parsed-certificate.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/** Whom we trust, and what is odd about it. */
export interface CheckedAnchors { readonly anchors: readonly ParsedCertificate[], readonly warnings: readonly string[] }

/**
 * Checks whom we trust. A certificate that is no CA in the bundle is a mistake that would make a leaf a trust anchor;
 * an anchor that has ended is left out with a warning (it could verify nobody), and a bundle of which none is left is
 * refused: with an empty `ca` Node would trust the public roots.
 *
 * @param partial whether an intermediate CA may be an anchor
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkAnchors (certificates: readonly ParsedCertificate[], where: string, now: number, partial = false): CheckedAnchors {
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
      // OpenSSL ends a path at a self-issued certificate only, unless a partial chain is asked for.
      if (!partial && !isSelfIssued(certificate)) warnings.push(`${where}: ${String(identity)} is an intermediate CA; peers below it are accepted only where its root is in ca as well`)
    }
  }
  if (anchors.size === 0) throw refused('no_anchor', where, `found ${certificates.length} CA certificates, none of them valid now; expected at least one`)
  return { anchors: [...anchors.values()], warnings }
}

/** The warning about a CA certificate that is not valid now. */
export function describeLeftOut (identity: PeerIdentity, where: string, now: number): string {
  const { notBefore = Infinity, notAfter = -Infinity } = identity
  const why = validityAt(identity, now) === 'expired' ? `ended on ${showTime(notAfter)}` : `starts on ${showTime(notBefore)}`
  return `${where}: left out ${String(identity)}, which ${why}`
}

/**
 * basicConstraints must say CA, and keyUsage, where it is there, keyCertSign (RFC 5280 sections 4.2.1.9 and 4.2.1.3).
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkAuthority ({ identity, x509 }: ParsedCertificate, where: string): void {
  if (identity.isCa !== true || !x509.ca) throw refused('no_anchor', where, `found ${String(identity)}, which is no CA certificate; expected CA certificates alone`)
}
