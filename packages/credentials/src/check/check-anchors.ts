import { validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { refused, startingAt } from '../errors.ts'
import { checkKeySize } from './check-key-size.ts'
import { showTime } from './check-validity.ts'
import { isSelfIssued } from './parsed-certificate.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/** Trust anchors, and warnings about them. */
export interface CheckedAnchors { readonly anchors: readonly ParsedCertificate[], readonly warnings: readonly string[] }

/**
 * Checks the certificates of `ca`. A certificate that is not a CA is refused: it would make a leaf a trust anchor. An
 * anchor that is not valid now is ignored with a warning. If none is left, the bundle is refused: with an empty `ca`,
 * Node would trust the public roots.
 *
 * @param partial whether an intermediate CA may be an anchor
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
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
    const startsAt = nextStart(certificates.map(({ identity }) => identity), now)
    throw startingAt(startsAt, refused('no_anchor', where, `${found}; expected at least one`))
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
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkAuthority ({ identity, x509 }: ParsedCertificate, where: string): void {
  if (identity.isCa === true && x509.ca) return
  const found = `found ${String(identity)}, which is not a CA certificate`
  throw refused('no_anchor', where, `${found}; expected only CA certificates (${whyNoAuthority(identity, x509.ca)})`)
}

function whyNoAuthority ({ isCa }: PeerIdentity, isCaForNode: boolean): string {
  if (isCa === true && !isCaForNode) return 'its keyUsage lacks keyCertSign'
  return 'its basicConstraints do not say CA: it is one of a client or server, or a root of X.509 version 1, ' +
    'which has ' +
    'no extensions and has to be issued again'
}
