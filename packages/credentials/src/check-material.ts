import type { KeyObject } from 'node:crypto'
import { validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { checkAuthority, refuseSharedAnchors } from './authority/check-authority.ts'
import type { CheckedAuthority } from './authority/check-authority.ts'
import { listAuthorities, originsOf } from './authority/list-authorities.ts'
import { checkKeyFit } from './check/check-key-fit.ts'
import { checkKeySize } from './check/check-key-size.ts'
import { checkKeyUsage } from './check/check-key-usage.ts'
import { checkOrder } from './check/check-order.ts'
import { checkOwnChain } from './check/check-own-chain.ts'
import { checkSignatureAlgorithm } from './check/check-signature-algorithm.ts'
import { checkUsable } from './check/check-usable.ts'
import { checkUsage } from './check/check-usage.ts'
import { checkValidity } from './check/check-validity.ts'
import { neededCertificates } from './check/needed-certificates.ts'
import { hasIssued, isSelfIssued, parseCertificate } from './check/parsed-certificate.ts'
import type { ParsedCertificate } from './check/parsed-certificate.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import type { CredentialSnapshot, TrustSnapshot } from './credential-snapshot.ts'
import type { CheckOptions } from './check-options.ts'
import type { CredentialMaterial, Origins } from './material.ts'
import { blame, checkPart } from './part.ts'
import type { Part } from './part.ts'
import { readOwn } from './read-own.ts'
import type { OwnCredentials } from './own-credentials.ts'

/** A trust that passed every check. */
export interface CheckedTrust {
  readonly authorities: readonly CheckedAuthority[]
  /** Identifies all authorities: as long as it stays the same, so does the trust. */
  readonly trust: string
  readonly warnings: readonly string[]
}

/** Material that passed every check, before it is counted as a snapshot. */
export interface CheckedMaterial extends CheckedTrust {
  /** Leaf first. */
  readonly certificates: readonly [PeerIdentity, ...PeerIdentity[]]
  /** PKCS#8 PEM, decrypted. */
  readonly key: string
  /** Those of `warnings` that are about our own certificates alone. */
  readonly ownWarnings: readonly string[]
}

export interface TrustContext {
  readonly origins: Origins
  readonly options: CheckOptions
  /** Digests of the CRLs by authority, where they are known already: hashing a large one takes its time. */
  readonly crlDigests?: ReadonlyMap<string, readonly string[]> | undefined
  /** What is in force. */
  readonly previous?: TrustSnapshot | undefined
  /** Parts that stay as they are in force, whatever the material says of them. */
  readonly kept?: KeptParts | undefined
}

export interface KeptParts {
  readonly parts: ReadonlySet<Part>
  /** What is in force, as it was checked. */
  readonly inForce: CheckedTrust
}

export interface MaterialContext extends TrustContext {
  readonly previous: CredentialSnapshot | undefined
}

/**
 * Checks material. What is refused is thrown, and nothing is taken: who takes parts by themselves asks again, with the
 * refused part `kept`.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkMaterial (material: CredentialMaterial, context: MaterialContext): CheckedMaterial {
  const { origins, options, kept } = context
  const now = (options.clock ?? SYSTEM_CLOCK).now()
  const former = kept?.parts.has(undefined) === true ? kept.inForce as CheckedMaterial : undefined
  const given = former === undefined ? readOwn(material, origins) : undefined
  const certificates = given?.certificates ?? former?.certificates.map(parseCertificate) as unknown as OwnCredentials['certificates']
  const ownIssuers = certificates.map(({ identity }) => identity).filter(({ isCa }) => isCa === true)
  const { authorities, trust, warnings } = checkTrust(material, context, ownIssuers)
  const anchors = authorities.flatMap((authority) => authority.anchors)
  const ownOrigins = material.pfx === undefined ? origins : { ...origins, cert: origins.pfx, key: origins.pfx }
  const { key, ownWarnings } = former ?? checkOwn(given as OwnCredentials, anchors, now, { ...context, origins: ownOrigins })
  const joint = checkJoint(certificates, authorities, { ...context, origins: ownOrigins })
  return {
    certificates: certificates.map(({ identity }) => identity) as [PeerIdentity, ...PeerIdentity[]],
    key,
    ownWarnings,
    authorities,
    trust,
    warnings: [...warnings, ...ownWarnings, ...joint]
  }
}

/**
 * Checks whom we trust.
 *
 * @param ownIssuers our own intermediates, whose CRLs count too
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkTrust (material: CredentialMaterial, { origins, options, crlDigests, previous, kept }: TrustContext, ownIssuers: readonly PeerIdentity[] = []): CheckedTrust {
  const now = (options.clock ?? SYSTEM_CLOCK).now()
  const former = new Map(kept?.inForce.authorities.filter(({ name }) => kept.parts.has(name)).map((authority) => [authority.name, authority]))
  const authorities = listAuthorities(material, options, origins, crlDigests)
    .map((input) => former.get(input.name) ?? checkPart(input.name, () => checkAuthority(input, ownIssuers, now)))
  refuseSharedAnchors(authorities, (name) => originsOf(origins, name).ca, previous?.authorities)
  return { authorities, trust: JSON.stringify(authorities.map((authority) => authority.trust)), warnings: authorities.flatMap((authority) => authority.warnings) }
}

/**
 * Whether what we present and whom we trust fit together. Where what we present stays as it is, the authority that no
 * longer has its CA is at fault.
 *
 * @returns warnings
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
function checkJoint (certificates: OwnCredentials['certificates'], authorities: readonly CheckedAuthority[], { origins, options, previous, kept }: MaterialContext): string[] {
  const anchors = authorities.flatMap((authority) => authority.anchors)
  const needed = neededCertificates(certificates.map(({ identity }) => identity), anchors.map(({ identity }) => identity))
  const chain = certificates.slice(0, needed.length)
  try {
    const warning = checkOwnChain({ certificates: chain, anchors, presented: previous?.intermediates ?? [] }, origins.cert, options.chain ?? 'reported')
    return [...(warning === undefined ? [] : [warning]), ...describeOutside(certificates, authorities, origins.cert)]
  } catch (error) {
    const isKept = kept?.parts.has(undefined) === true
    const had = isKept ? previous?.authorities.filter((authority) => certificates.some((certificate) => isBelow(certificate, authority.anchors.map(parseCertificate)))) : undefined
    throw had === undefined ? error : blame(error as Error, had.map(({ name }) => name))
  }
}

function isBelow (certificate: ParsedCertificate, anchors: readonly ParsedCertificate[]): boolean {
  return anchors.some((anchor) => anchor.identity.fingerprint256 === certificate.identity.fingerprint256 || hasIssued(anchor, certificate))
}

/** A name of our own that our own authority does not vouch for: peers with the same options refuse us. */
function describeOutside (certificates: OwnCredentials['certificates'], authorities: readonly CheckedAuthority[], where: string): string[] {
  const [last, leaf] = [certificates.at(-1) as ParsedCertificate, certificates[0].identity]
  const authority = authorities.find(({ anchors }) => isBelow(last, anchors))
  const outside = authority?.options.bounds.findOutside(leaf)
  if (authority === undefined || outside === undefined) return []
  const { kind, name, bound } = outside
  return [`${where}: ${String(leaf)} has the name ${JSON.stringify(name)}, which is outside of what authority "${authority.name}" vouches for (${kind}: ${bound}); peers with the same options refuse it`]
}

/** What we present, checked in an order that names the likeliest mistake first. */
function checkOwn ({ certificates, key }: OwnCredentials, anchors: readonly ParsedCertificate[], now: number, { origins, options }: MaterialContext): Pick<CheckedMaterial, 'key' | 'ownWarnings'> {
  const [leaf] = certificates
  const where = origins.cert
  checkKeyFit(leaf, key, origins)
  const identities = certificates.map(({ identity }) => identity)
  const needed = neededCertificates(identities, anchors.map(({ identity }) => identity))
  for (const identity of needed) checkValidity(identity, where, now)
  const ended = identities.slice(needed.length).filter((identity) => validityAt(identity, now) !== 'valid')
    .map((identity) => `${where}: ${String(identity)} at the end of the chain is not valid now; peers that trust its CA by itself do not need it`)
  checkOrder(certificates, where)
  for (const [index, certificate] of certificates.entries()) {
    checkKeySize(certificate, where)
    // Nobody verifies the signature that a root at the end of a chain put on itself.
    if (index === 0 || !isSelfIssued(certificate)) checkSignatureAlgorithm(certificate, where)
  }
  checkUsage(leaf.identity, where, options.use ?? 'either')
  const pem = exportKey(key)
  checkUsable({ cert: certificates.map(toPem).join(''), key: pem, ca: anchors.map(toPem) }, where)
  const isCa = leaf.identity.isCa === true ? `${where}: ${String(leaf.identity)} is a CA certificate; peers may refuse it as a leaf` : undefined
  return { key: pem, ownWarnings: [isCa, checkKeyUsage(leaf.identity, where), ...ended].filter((text) => text !== undefined) }
}

function toPem ({ x509 }: ParsedCertificate): string {
  return x509.toString()
}

function exportKey (key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}
