import type { RevocationChecker } from '@peerkit/revocation'
import { AnchorSet, readGiven } from './anchor-set.ts'
import type { CertificateInput } from './anchor-set.ts'
import { isSelfSigned } from './certificate/self-signed.ts'
import { verifyEdge } from './certificate/edge.ts'
import type { Certificate } from './certificate/certificate.ts'
import { checkFunction, checkKeys, checkList } from './option-check.ts'
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
  /** Those of `ca` that end no path, since they are not self-signed. */
  readonly notRoots: CandidatePool
  readonly revocation: readonly RevocationChecker[]
}

const KNOWN = ['name', 'ca', 'intermediates', 'revocation']

/** @throws MTLS_ERR_PATH_OPTION */
export function loadAuthorities (authorities: readonly Authority[]): readonly LoadedAuthority[] {
  checkList(authorities, 'authorities()')
  return authorities.map((authority, index) => loadAuthority(authority, `authorities()[${index}]`))
}

/**
 * Reads an authority. OpenSSL ends a path at a self-signed certificate only, so an intermediate that stands in `ca` can be revoked, and falls with its root.
 *
 * @throws MTLS_ERR_PATH_OPTION
 */
function loadAuthority (authority: Authority, where: string): LoadedAuthority {
  checkKeys(authority, KNOWN, where)
  const { name, ca, intermediates = [], revocation = [] } = authority
  checkList(ca, `${where}.ca`)
  checkList(intermediates, `${where}.intermediates`)
  checkList(revocation, `${where}.revocation`)
  for (const [index, checker] of revocation.entries()) checkFunction((checker as Partial<RevocationChecker> | undefined)?.check, `${where}.revocation[${index}].check`)
  const anchors = new AnchorSet([])
  const others = []
  for (const [index, input] of ca.entries()) {
    const certificate = readGiven(input, `${where}.ca[${index}]`)
    if (isSelfSigned(certificate)) anchors.add(certificate)
    else others.push(certificate)
  }
  const known = [...others, ...intermediates.map((input, index) => readGiven(input, `${where}.intermediates[${index}]`))]
  verifyKnown(known, anchors)
  return { name, anchors, known: new CandidatePool(known), notRoots: new CandidatePool(others), revocation }
}

/** Signatures on configured certificates are verified when they are loaded, so that no peer's budget is spent on them. */
function verifyKnown (known: readonly Certificate[], anchors: AnchorSet): void {
  const pool = new CandidatePool(known)
  for (const certificate of known) {
    for (const issuer of [...anchors.named(certificate.issuerKey), ...pool.named(certificate.issuerKey)]) verifyEdge(certificate, issuer)
  }
}
