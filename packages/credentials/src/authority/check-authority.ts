import { validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { refused } from '../errors.ts'
import { checkAnchors, checkAuthority as checkCa, describeLeftOut, nextStart } from '../material/check-anchors.ts'
import { showTime } from '../material/check-certificate.ts'
import { digestCrl, listOf } from '../material/material.ts'
import type { AuthorityOrigins, Pem, TrustMaterial } from '../material/material.ts'
import { caKey, hasIssued, identitiesOf, parseCertificate, readCertificates } from '../material/parsed-certificate.ts'
import type { ParsedCertificate } from '../material/parsed-certificate.ts'
import type { SnapshotAuthority } from '../sources/credential-snapshot.ts'
import type { ReadAuthorityOptions } from './authority-options.ts'
import type { AuthorityInput } from './list-authorities.ts'

/** An authority whose material passed every check. */
export interface CheckedAuthority {
  readonly name: string
  readonly options: ReadAuthorityOptions
  readonly anchors: readonly ParsedCertificate[]
  /**
   * The CAs that may sign CRLs: `candidates`, and expired intermediates, whose renewed certificate has the same key.
   */
  readonly crlIssuers: readonly PeerIdentity[]
  /** CA certificates that paths may use. */
  readonly candidates: readonly PeerIdentity[]
  /** The option `intermediates`. */
  readonly intermediates: readonly PeerIdentity[]
  /** False for the authority of the option `ca`. */
  readonly isNamed: boolean
  /** The name of its CAs in errors. */
  readonly caOrigin: string
  /** The name of its CRLs in errors. */
  readonly crlOrigin: string
  readonly hasCrls: boolean
  /** When the next of its CAs starts that were left out, in milliseconds since the epoch. Infinity: there is none. */
  readonly nextStart: number
  /** Identifies everything that decisions depend on. While it is unchanged, cached decisions stay valid. */
  readonly trust: string
  readonly warnings: readonly string[]
}

/**
 * @param ownIssuers our own intermediates, which may sign CRLs too
 * @param parsed the certificates of `ca`, if they were read before
 * @throws CredentialsRefusedError
 */
export function checkAuthority (
  { name, options, material, origins, crlDigests, isPolicyIdle, isNamed }: AuthorityInput,
  ownIssuers: readonly PeerIdentity[], now: number, parsed: readonly ParsedCertificate[] = readBundle(material, origins)
): CheckedAuthority {
  if (parsed.length === 0) {
    const expected = 'at least one CA certificate (there is no default, and public roots are never trusted)'
    throw refused('no_anchor', origins.ca, `found none; expected ${expected}`)
  }
  const checked = checkAnchors(parsed, origins.ca, now, options.partial)
  const anchors = identitiesOf(checked.anchors)
  const { intermediates, ended, warnings } = readIntermediates(material.intermediates, origins.intermediates, now)
  const signers = identitiesOf(readCas(material.crlIssuers, origins.crlIssuers))
  const candidates = [...anchors, ...ownIssuers, ...signers, ...intermediates]
  const crlIssuers = [...candidates, ...ended]
  const digests = crlDigests ?? listOf(material.crl).map(digestCrl)
  const { names, for: use, revocation = 'hard', partial, spiffeOnly, algorithms } = options
  const { serverAuthOnlyUntil, tolerate } = options
  const hasCrls = digests.length > 0
  // The CRL issuers matter only if there are CRLs.
  const trust = JSON.stringify([
    name, sortFingerprints(anchors), digests.toSorted(), hasCrls ? sortFingerprints(crlIssuers) : [],
    sortFingerprints(intermediates), revocation, use, names, partial, algorithms, serverAuthOnlyUntil, tolerate,
    ...(spiffeOnly ? ['spiffeOnly'] : [])
  ])
  const about = `authority "${name}"`
  const over = [
    serverAuthOnlyUntil !== undefined && serverAuthOnlyUntil <= now &&
      `${about}: serverAuthOnly ended on ${showTime(serverAuthOnlyUntil)}; remove it`,
    isPolicyIdle && !hasCrls &&
      `${about}: revocation is set, but crl and checker are not, so revocation is not checked`,
    options.bounds.vouchesForNothing && `${about}: names is empty, so all names of its certificates are ignored`
  ].filter((warning) => warning !== false)
  const starred = options.bounds.starredSubjects.slice(0, 10).map((value) => {
    return `${about}: names.subject has ${JSON.stringify(value)}; "*" is not a wildcard there, it matches only itself`
  })
  return {
    name,
    options,
    anchors: checked.anchors,
    crlIssuers,
    candidates,
    intermediates,
    isNamed,
    caOrigin: origins.ca,
    crlOrigin: origins.crl,
    hasCrls,
    nextStart: nextStart([...identitiesOf(parsed), ...ended], now),
    trust,
    warnings: [...checked.warnings, ...warnings, ...over, ...starred]
  }
}

/**
 * Refuses one CA in two authorities, because it would be unclear whose names apply. Two authorities for X.509-SVIDs of
 * different trust domains may share one: the SPIFFE ID decides. The authority that adds the CA is refused; if both are
 * new, the later one.
 *
 * @param inForce the authorities in use
 * @throws CredentialsRefusedError
 */
export function refuseSharedAnchors (
  authorities: readonly CheckedAuthority[], inForce: readonly SnapshotAuthority[] = []
): void {
  const owners = new Map<string, ReadonlyArray<Pick<CheckedAuthority, 'name' | 'options' | 'caOrigin'> & Owned>>()
  for (const { name, options, caOrigin, anchors } of authorities) {
    for (const { identity } of anchors) {
      const [key, here] = [caKey(identity), { name, options, caOrigin, identity }]
      const known = owners.get(key) ?? []
      const owner = known.find((other) => other.name !== name && !isApart(options, other.options))
      if (owner !== undefined) {
        const had = inForce.find(({ anchors: known }) => known.some((anchor) => caKey(anchor) === key))?.name
        const [taker, holder] = had === name ? [owner, here] : [here, owner]
        const isTwin = taker.identity.fingerprint256 !== holder.identity.fingerprint256
        const place = `in ${holder.caOrigin}`
        const twin = `(same name and key, other certificate: ${String(holder.identity)})`
        const what = isTwin
          ? `; authority "${holder.name}" has the same CA ${twin} ${place}`
          : `, which authority "${holder.name}" has too, ${place}`
        const problem = `found ${String(taker.identity)}${what}; expected each CA in one authority`
        throw refused('no_anchor', taker.caOrigin, problem, { authorities: [taker.name] })
      }
      owners.set(key, [...known, here])
    }
  }
}

interface Owned { readonly identity: PeerIdentity }

/** Whether no certificate can be of both authorities. */
function isApart (one: ReadAuthorityOptions, other: ReadAuthorityOptions): boolean {
  return one.spiffeOnly && other.spiffeOnly && !one.bounds.overlapsSpiffe(other.bounds)
}

function readBundle ({ ca }: TrustMaterial, { ca: where }: AuthorityOrigins): ParsedCertificate[] {
  return listOf(ca).flatMap((text) => readCertificates(text, where))
}

function readCas (given: Pem | readonly Pem[] | undefined, where: string): ParsedCertificate[] {
  const found = listOf(given).flatMap((text) => readCertificates(text, where))
  for (const certificate of found) checkCa(certificate, where)
  return found
}

/**
 * Reads `intermediates`. A root is refused: OpenSSL would trust it. A certificate that is not valid now is ignored:
 * OpenSSL would use it before the valid one that a peer sends.
 *
 * @throws CredentialsRefusedError
 */
function readIntermediates (
  given: Pem | readonly Pem[] | undefined, where: string, now: number
): { intermediates: PeerIdentity[], ended: PeerIdentity[], warnings: string[] } {
  const found = identitiesOf(readCas(given, where))
  const root = found.map(parseCertificate).find((certificate) => hasIssued(certificate, certificate))
  if (root !== undefined) {
    const expected = 'only intermediate CA certificates (roots belong in ca)'
    throw refused('no_anchor', where, `found the root ${String(root.identity)}; expected ${expected}`)
  }
  const intermediates = found.filter((certificate) => validityAt(certificate, now) === 'valid')
  // Its key still verifies its CRLs: clients may send a renewed certificate of the CA with the same key.
  const ended = found.filter((certificate) => !intermediates.includes(certificate))
  return { intermediates, ended, warnings: ended.map((certificate) => describeLeftOut(certificate, where, now)) }
}

function sortFingerprints (certificates: readonly PeerIdentity[]): string[] {
  return [...new Set(certificates.map(({ fingerprint256 = '' }) => fingerprint256))].sort()
}
