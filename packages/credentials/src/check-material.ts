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
import { hasIssued, isSelfIssued } from './check/parsed-certificate.ts'
import type { ParsedCertificate } from './check/parsed-certificate.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import type { CheckOptions } from './check-options.ts'
import type { CredentialMaterial, Origins } from './material.ts'
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
}

export interface MaterialContext {
  readonly origins: Origins
  readonly options: CheckOptions
  /** What is in force. */
  readonly previous: CredentialSnapshot | undefined
  /** Digests of the CRLs by authority, where they are known already: hashing a large one takes its time. */
  readonly crlDigests?: ReadonlyMap<string, readonly string[]> | undefined
}

/** Checks material whole; nothing is taken of it where one part is refused. @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED */
export function checkMaterial (material: CredentialMaterial, context: MaterialContext): CheckedMaterial {
  const { origins, options } = context
  const now = (options.clock ?? SYSTEM_CLOCK).now()
  const own = readOwn(material, origins)
  const ownIssuers = own.certificates.map(({ identity }) => identity).filter(({ isCa }) => isCa === true)
  const { authorities, trust, warnings: trustWarnings } = checkTrust(material, context, ownIssuers)
  const anchors = authorities.flatMap((authority) => authority.anchors)
  const ownOrigins = material.pfx === undefined ? origins : { ...origins, cert: origins.pfx, key: origins.pfx }
  const { key, warnings } = checkOwn(own, anchors, now, { ...context, origins: ownOrigins })
  const outside = describeOutside(own, authorities, ownOrigins.cert)
  const certificates = own.certificates.map(({ identity }) => identity) as [PeerIdentity, ...PeerIdentity[]]
  return { certificates, key, authorities, trust, warnings: [...trustWarnings, ...warnings, ...outside] }
}

/**
 * Checks whom we trust.
 *
 * @param ownIssuers our own intermediates, whose CRLs count too
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkTrust (material: CredentialMaterial, { origins, options, crlDigests }: Omit<MaterialContext, 'previous'>, ownIssuers: readonly PeerIdentity[] = []): CheckedTrust {
  const now = (options.clock ?? SYSTEM_CLOCK).now()
  const authorities = listAuthorities(material, options, origins, crlDigests).map((input) => checkAuthority(input, ownIssuers, now))
  refuseSharedAnchors(authorities, (name) => originsOf(origins, name).ca)
  return { authorities, trust: JSON.stringify(authorities.map((authority) => authority.trust)), warnings: authorities.flatMap((authority) => authority.warnings) }
}

/** A name of our own that our own authority does not vouch for: peers with the same settings refuse us. */
function describeOutside ({ certificates }: OwnCredentials, authorities: readonly CheckedAuthority[], where: string): string[] {
  const [last, leaf] = [certificates.at(-1) as ParsedCertificate, certificates[0].identity]
  const authority = authorities.find(({ anchors }) => anchors.some((anchor) => anchor.identity.fingerprint256 === last.identity.fingerprint256 || hasIssued(anchor, last)))
  const outside = authority?.settings.bounds.findOutside(leaf)
  if (authority === undefined || outside === undefined) return []
  const { kind, name, bound } = outside
  return [`${where}: ${String(leaf)} has the name ${JSON.stringify(name)}, which is outside of what authority "${authority.name}" vouches for (${kind}: ${bound}); peers with the same settings refuse it`]
}

/** What we present, checked in an order that names the likeliest mistake first. */
function checkOwn ({ certificates, key }: OwnCredentials, anchors: readonly ParsedCertificate[], now: number, { origins, options, previous }: MaterialContext): { key: string, warnings: string[] } {
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
  const chain = certificates.slice(0, needed.length)
  const warning = checkOwnChain({ certificates: chain, anchors, presented: previous?.intermediates ?? [] }, where, options.chain ?? 'reported')
  const pem = exportKey(key)
  checkUsable({ cert: certificates.map(toPem).join(''), key: pem, ca: anchors.map(toPem) }, where)
  const isCa = leaf.identity.isCa === true ? `${where}: ${String(leaf.identity)} is a CA certificate; peers may refuse it as a leaf` : undefined
  return { key: pem, warnings: [isCa, checkKeyUsage(leaf.identity, where), warning, ...ended].filter((text) => text !== undefined) }
}

function toPem ({ x509 }: ParsedCertificate): string {
  return x509.toString()
}

function exportKey (key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}
