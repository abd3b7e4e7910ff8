import { nameKey, rdnKeys, validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { checkAnchors, checkAuthority as checkCa, describeLeftOut } from '../check/check-anchors.ts'
import { hasIssued, parseCertificate } from '../check/parsed-certificate.ts'
import type { ParsedCertificate } from '../check/parsed-certificate.ts'
import { showTime } from '../check/check-validity.ts'
import { digestCrl } from '../content-digest.ts'
import { refused } from '../errors.ts'
import { listOf } from '../material.ts'
import type { Pem } from '../material.ts'
import { blame } from '../part.ts'
import { readCertificates } from '../read-certificates.ts'
import type { AuthorityInput } from './list-authorities.ts'
import type { ReadAuthorityOptions } from './authority-options.ts'
import type { SnapshotAuthority } from './snapshot-authority.ts'

/** An authority whose material passed every check. */
export interface CheckedAuthority {
  readonly name: string
  readonly options: ReadAuthorityOptions
  readonly anchors: readonly ParsedCertificate[]
  /**
   * The CAs whose CRLs count: those of `candidates`, and intermediates that have ended, whose renewed certificates have
   * the same key.
   */
  readonly crlIssuers: readonly PeerIdentity[]
  /** What paths may go through. */
  readonly candidates: readonly PeerIdentity[]
  /** The option `intermediates`. */
  readonly intermediates: readonly PeerIdentity[]
  /** How errors call its CRLs. */
  readonly crlOrigin: string
  readonly hasCrls: boolean
  /** Identifies all that decisions rest on: as long as it stays the same, so do they. */
  readonly trust: string
  readonly warnings: readonly string[]
}

/**
 * @param ownIssuers our own intermediates, whose CRLs count too
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkAuthority ({ name, options, material, origins, crlDigests, isPolicyIdle }: AuthorityInput, ownIssuers: readonly PeerIdentity[], now: number): CheckedAuthority {
  const bundle = listOf(material.ca)
  if (bundle.length === 0) throw refused('no_anchor', origins.ca, 'found none; expected at least one CA certificate (there is no default, and the public roots are never trusted)')
  const checked = checkAnchors(bundle.flatMap((text) => readCertificates(text, origins.ca)), origins.ca, now, options.partial)
  const anchors = checked.anchors.map(({ identity }) => identity)
  const { intermediates, ended, warnings } = readIntermediates(material.intermediates, origins.intermediates, now)
  const candidates = [...anchors, ...ownIssuers, ...readCas(material.crlIssuers, origins.crlIssuers).map(({ identity }) => identity), ...intermediates]
  const crlIssuers = [...candidates, ...ended]
  const digests = crlDigests ?? listOf(material.crl).map(digestCrl)
  const { names, for: use, revocation = 'hard', partial, algorithms, serverAuthOnlyUntil } = options
  // Who may issue CRLs matters only where there are any.
  const trust = JSON.stringify([
    name, sortFingerprints(anchors), digests.toSorted(), digests.length > 0 ? sortFingerprints(crlIssuers) : [], sortFingerprints(intermediates),
    revocation, use, names, partial, algorithms, serverAuthOnlyUntil
  ])
  const over = [
    serverAuthOnlyUntil !== undefined && serverAuthOnlyUntil <= now ? `authority "${name}": serverAuthOnly ended on ${showTime(serverAuthOnlyUntil)}; take it out` : undefined,
    isPolicyIdle && digests.length === 0 ? `authority "${name}": revocation is set, but there is neither crl nor checker, so nobody is asked` : undefined,
    options.bounds.vouchesForNothing ? `authority "${name}": names is empty, so no name of its certificates is believed` : undefined
  ].filter((warning) => warning !== undefined)
  return { name, options, anchors: checked.anchors, crlIssuers, candidates, intermediates, crlOrigin: origins.crl, hasCrls: digests.length > 0, trust, warnings: [...checked.warnings, ...warnings, ...over] }
}

/**
 * One CA in two authorities: nobody could say whose names count. The authority that did not have it until now is at
 * fault, else the later one.
 *
 * @param inForce the authorities until now
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function refuseSharedAnchors (authorities: readonly CheckedAuthority[], where: (name: string) => string, inForce: readonly SnapshotAuthority[] = []): void {
  const owners = new Map<string, { readonly name: string, readonly identity: PeerIdentity }>()
  for (const { name, anchors } of authorities) {
    for (const { identity } of anchors) {
      const [key, here] = [caKey(identity), { name, identity }]
      const owner = owners.get(key)
      if (owner !== undefined && owner.name !== name) {
        const had = inForce.find(({ anchors: known }) => known.some((anchor) => caKey(anchor) === key))?.name
        const [taker, holder] = had === name ? [owner, here] : [here, owner]
        const isTwin = taker.identity.fingerprint256 !== holder.identity.fingerprint256
        const what = isTwin
          ? `; authority "${holder.name}" has the same CA (same name and key, other certificate: ${String(holder.identity)}) in ${where(holder.name)}`
          : `, which authority "${holder.name}" has as well, in ${where(holder.name)}`
        throw blame(refused('no_anchor', where(taker.name), `found ${String(taker.identity)}${what}; expected each CA in one authority`), [taker.name])
      }
      owners.set(key, here)
    }
  }
}

/**
 * Name and key, as names are chained (RFC 5280 section 7.1): the same CA with its name in other letters is the same CA.
 */
export function caKey ({ publicKey256 = '', subject }: PeerIdentity): string {
  return `${publicKey256} ${subject === undefined ? '' : nameKey(rdnKeys(subject))}`
}

function readCas (given: Pem | readonly Pem[] | undefined, where: string): ParsedCertificate[] {
  const found = listOf(given).flatMap((text) => readCertificates(text, where))
  for (const certificate of found) checkCa(certificate, where)
  return found
}

/**
 * A root among the intermediates would be trusted by OpenSSL, so it is refused: roots belong in `ca`. One that is not
 * valid now is left out: OpenSSL would take it before the valid one that a peer sends.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
function readIntermediates (given: Pem | readonly Pem[] | undefined, where: string, now: number): { intermediates: PeerIdentity[], ended: PeerIdentity[], warnings: string[] } {
  const found = readCas(given, where).map(({ identity }) => identity)
  const root = found.map(parseCertificate).find((certificate) => hasIssued(certificate, certificate))
  if (root !== undefined) throw refused('no_anchor', where, `found the root ${String(root.identity)}; expected intermediate CA certificates alone (roots belong in ca)`)
  const intermediates = found.filter((certificate) => validityAt(certificate, now) === 'valid')
  // Its key still verifies its lists: clients may send the CA's renewed certificate.
  const ended = found.filter((certificate) => !intermediates.includes(certificate))
  return { intermediates, ended, warnings: ended.map((certificate) => describeLeftOut(certificate, where, now)) }
}

function sortFingerprints (certificates: readonly PeerIdentity[]): string[] {
  return [...new Set(certificates.map(({ fingerprint256 = '' }) => fingerprint256))].sort()
}
