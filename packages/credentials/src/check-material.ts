import type { KeyObject } from 'node:crypto'
import { validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { checkAnchors, checkAuthority, describeLeftOut } from './check/check-anchors.ts'
import type { CheckedAnchors } from './check/check-anchors.ts'
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
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { digestCrl } from './content-digest.ts'
import { refused } from './errors.ts'
import { listOf } from './material.ts'
import type { CheckOptions, CredentialMaterial, Origins } from './material.ts'
import { readCertificates } from './read-certificates.ts'
import { readOwn } from './read-own.ts'
import type { OwnCredentials } from './own-credentials.ts'

/** Material that passed every check, before it is counted as a snapshot. */
export interface CheckedMaterial {
  /** Leaf first. */
  readonly certificates: readonly [PeerIdentity, ...PeerIdentity[]]
  /** PKCS#8 PEM, decrypted. */
  readonly key: string
  readonly anchors: readonly PeerIdentity[]
  /** The CAs whose CRLs count. */
  readonly crlIssuers: readonly PeerIdentity[]
  /** The option `intermediates`. */
  readonly intermediates: readonly PeerIdentity[]
  /** Identifies the anchors and CRLs: as long as it stays the same, so does the trust. */
  readonly trust: string
  readonly warnings: readonly string[]
}

export interface MaterialContext {
  readonly origins: Origins
  readonly options: CheckOptions
  /** What is in force. */
  readonly previous: CredentialSnapshot | undefined
  /** Digests of the CRLs, where they are known already: hashing a large one takes its time. */
  readonly crlDigests?: readonly string[] | undefined
}

/** Checks material whole; nothing is taken of it where one part is refused. @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED */
export function checkMaterial (material: CredentialMaterial, context: MaterialContext): CheckedMaterial {
  const { origins, options } = context
  const now = (options.clock ?? SYSTEM_CLOCK).now()
  const own = readOwn(material, origins)
  const bundle = listOf(material.ca)
  if (bundle.length === 0) throw refused('no_anchor', origins.ca, 'found none; expected at least one CA certificate (there is no default, and the public roots are never trusted)')
  const checked = checkAnchors(bundle.flatMap((text) => readCertificates(text, origins.ca)), origins.ca, now)
  const ownOrigins = material.pfx === undefined ? origins : { ...origins, cert: origins.pfx, key: origins.pfx }
  const { key, warnings } = checkOwn(own, checked, now, { ...context, origins: ownOrigins })
  const certificates = own.certificates.map(({ identity }) => identity) as [PeerIdentity, ...PeerIdentity[]]
  const anchors = checked.anchors.map(({ identity }) => identity)
  const known = readIntermediates(material.intermediates, origins.intermediates, now)
  const { intermediates } = known
  const crlIssuers = [...anchors, ...certificates.filter(({ isCa }) => isCa === true), ...readAuthorities(material.crlIssuers, origins.crlIssuers), ...intermediates]
  const digests = context.crlDigests ?? listOf(material.crl).map(digestCrl)
  // Who may issue CRLs matters only where there are any.
  const trust = JSON.stringify([sortFingerprints(anchors), digests.toSorted(), digests.length > 0 ? sortFingerprints(crlIssuers) : [], sortFingerprints(intermediates), options.revocationPolicy ?? 'hard'])
  return { certificates, key, anchors, crlIssuers, intermediates, trust, warnings: [...checked.warnings, ...known.warnings, ...warnings] }
}

/** What we present, checked in an order that names the likeliest mistake first. */
function checkOwn ({ certificates, key }: OwnCredentials, { anchors }: CheckedAnchors, now: number, { origins, options, previous }: MaterialContext): { key: string, warnings: string[] } {
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

function readAuthorities (given: CredentialMaterial['intermediates'], where: string): PeerIdentity[] {
  const found: ParsedCertificate[] = listOf(given).flatMap((text) => readCertificates(text, where))
  for (const certificate of found) checkAuthority(certificate, where)
  return found.map(({ identity }) => identity)
}

/**
 * A root among the intermediates would be trusted by OpenSSL, so it is refused: roots belong in `ca`. One that is not valid now is left out: OpenSSL would take it
 * before the valid one that a peer sends.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
function readIntermediates (given: CredentialMaterial['intermediates'], where: string, now: number): { intermediates: PeerIdentity[], warnings: string[] } {
  const found = readAuthorities(given, where)
  const root = found.map(parseCertificate).find((certificate) => hasIssued(certificate, certificate))
  if (root !== undefined) throw refused('no_anchor', where, `found the root ${String(root.identity)}; expected intermediate CA certificates alone (roots belong in ca)`)
  const intermediates = found.filter((certificate) => validityAt(certificate, now) === 'valid')
  const warnings = found.filter((certificate) => !intermediates.includes(certificate)).map((certificate) => describeLeftOut(certificate, where, now))
  return { intermediates, warnings }
}

function sortFingerprints (certificates: readonly PeerIdentity[]): string[] {
  return [...new Set(certificates.map(({ fingerprint256 = '' }) => fingerprint256))].sort()
}
