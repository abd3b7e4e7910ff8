import type { RevocationChecker } from '@peerkit/revocation'
import { AnchorSet, readGiven } from './anchor-set.ts'
import type { CertificateInput } from './anchor-set.ts'
import { isSelfSigned } from './certificate/self-signed.ts'
import { verifyEdge } from './certificate/edge.ts'
import type { Certificate } from './certificate/certificate.ts'
import { CandidatePool } from './path/candidate-pool.ts'

/** Who may vouch for certificates, and how they are asked about revocation. */
export interface Authority {
  /** Shows in decisions. One authority alone is called `default`. */
  readonly name: string
  /** CA certificates, parsed or in DER. A path ends at one that is self-signed; the others are candidates, as `intermediates` are. */
  readonly ca: readonly CertificateInput[]
  /** CA certificates that paths may go through and that are trusted by themselves for nothing. */
  readonly intermediates?: readonly CertificateInput[]
  /** Every one of them must permit the leaf and each intermediate of a path. */
  readonly revocation?: readonly RevocationChecker[]
}

/** An authority whose certificates were read. */
export interface LoadedAuthority {
  readonly name: string
  readonly anchors: AnchorSet
  readonly known: CandidatePool
  readonly revocation: readonly RevocationChecker[]
}

/**
 * Reads an authority. OpenSSL ends a path at a self-signed certificate only, so an intermediate that stands in `ca` can be revoked, and falls with its root.
 *
 * @throws MTLS_ERR_CERTIFICATE_INVALID, MTLS_ERR_DER_INVALID where a certificate cannot be read
 */
export function loadAuthority ({ name, ca, intermediates = [], revocation = [] }: Authority): LoadedAuthority {
  const anchors = new AnchorSet([])
  const others = []
  for (const input of ca) {
    const certificate = readGiven(input)
    if (isSelfSigned(certificate)) anchors.add(certificate)
    else others.push(certificate)
  }
  const known = [...others, ...intermediates.map(readGiven)]
  verifyKnown(known, anchors)
  return { name, anchors, known: new CandidatePool(known), revocation }
}

/** Signatures on configured certificates are verified when they are loaded, so that no peer's budget is spent on them. */
function verifyKnown (known: readonly Certificate[], anchors: AnchorSet): void {
  const pool = new CandidatePool(known)
  for (const certificate of known) {
    for (const issuer of [...anchors.named(certificate.issuerKey), ...pool.named(certificate.issuerKey)]) verifyEdge(certificate, issuer)
  }
}
