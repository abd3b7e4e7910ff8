import { createSecureContext } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import { validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { derOf } from '@peerkit/identity/internal'
import { EXTENSION, KEY_USAGE, readCertificate, readKeyUsage } from '@peerkit/identity/x509'
import type { CheckedAuthority } from '../authority/check-authority.ts'
import { refused } from '../errors.ts'
import { isOpaqueKey } from '../pkcs11/opaque-key.ts'
import type { OpaqueKey } from '../pkcs11/opaque-key.ts'
import { checkKeySize, checkSignatureAlgorithm, checkValidity } from './check-certificate.ts'
import type { CheckOptions, Origins } from './material.ts'
import { caKey, hasIssued, identitiesOf, isSelfIssued, parseCertificate } from './parsed-certificate.ts'
import type { OwnCredentials, ParsedCertificate } from './parsed-certificate.ts'

/** Our key, and warnings about our certificates. */
export interface CheckedOwn {
  /** PKCS#8 PEM, decrypted; or a key in a token. */
  readonly key: string | OpaqueKey
  readonly ownWarnings: readonly string[]
}

interface OwnContext {
  readonly origins: Origins
  readonly options: CheckOptions
  readonly kept?: { readonly inForce: { readonly authorities: readonly CheckedAuthority[] } } | undefined
}

/** Checks our certificate and key, the most likely mistakes first. */
export function checkOwn (
  { certificates, key }: OwnCredentials, anchors: readonly ParsedCertificate[], now: number,
  { origins, options, kept }: OwnContext
): CheckedOwn {
  const [leaf] = certificates
  const where = origins.cert
  checkKeyFit(leaf, key, origins)
  const identities = identitiesOf(certificates)
  const needed = neededCertificates(identities, identitiesOf(anchors))
  for (const identity of needed) checkValidity(identity, where, now)
  const note = 'at the end of the chain is not valid now; peers that trust its CA directly do not need it'
  const ended = identities.slice(needed.length).filter((identity) => validityAt(identity, now) !== 'valid')
    .map((identity) => `${where}: ${String(identity)} ${note}`)
  checkOrder(certificates, where)
  for (const [index, certificate] of certificates.entries()) {
    checkKeySize(certificate, where)
    // Peers do not verify the self-signature of a root at the end of a chain.
    if (index === 0 || !isSelfIssued(certificate)) checkSignatureAlgorithm(certificate, where)
  }
  checkUsage(leaf.identity, where, options.use ?? 'either')
  const usable = isOpaqueKey(key) ? key : key.export({ type: 'pkcs8', format: 'pem' }) as string
  // OpenSSL has accepted the CAs that are in use.
  const inUse = new Set(kept?.inForce.authorities.flatMap((authority) => authority.anchors))
  const fresh = anchors.filter((anchor) => !inUse.has(anchor))
  // A key in a token was opened with this certificate. New CAs must not depend on the token.
  const keyOptions = isOpaqueKey(usable) ? {} : { key: usable }
  checkUsable({ cert: certificates.map(toPem).join(''), ...keyOptions, ca: fresh.map(toPem) }, where)
  const isCa = leaf.identity.isCa === true
    ? `${where}: ${String(leaf.identity)} is a CA certificate; peers may refuse it as a leaf`
    : undefined
  const warnings = [isCa, checkKeyUsage(leaf.identity, where), ...ended]
  return { key: usable, ownWarnings: warnings.filter((text) => text !== undefined) }
}

function toPem ({ x509 }: ParsedCertificate): string {
  return x509.toString()
}

/** Our chain, the trust anchors, and the intermediates that were in use before. */
interface OwnChain {
  /** The leaf first. */
  readonly certificates: readonly ParsedCertificate[]
  readonly anchors: readonly ParsedCertificate[]
  readonly presented: readonly PeerIdentity[]
}

/**
 * Checks whether our chain leads to one of our anchors. It need not: peers may trust other CAs than we do. But a file
 * that is cut off between two certificates is valid PEM. So an intermediate that was in use before, and that issued the
 * last certificate, must not be missing.
 *
 * @returns a warning, if there is one
 * @throws CredentialsRefusedError
 */
export function checkOwnChain (
  { certificates, anchors, presented }: OwnChain, where: string, chain: NonNullable<CheckOptions['chain']>
): string | undefined {
  const last = certificates.at(-1) as ParsedCertificate
  const isAnchored = (): boolean => anchors.some((anchor) => isSame(anchor, last) || hasIssued(anchor, last))
  if (chain === 'unchecked' || isAnchored()) return undefined
  const lost = presented.map(parseCertificate).find((intermediate) => hasIssued(intermediate, last))
  const end = `the chain ends at ${String(last.identity)}`
  if (lost !== undefined && !isSame(lost, last)) {
    throw refused(
      'bad_chain', where, `${end}; expected its issuer ${String(lost.identity)} too, which was there before`
    )
  }
  const what = `${end}, issued by ${last.identity.issuer?.toString() ?? 'an unknown issuer'}`
  if (chain === 'required') throw refused('bad_chain', where, `${what}; expected it to lead to a CA certificate in ca`)
  return `${where}: ${what}${describeMissing(anchors, last)}; peers must trust that CA themselves`
}

/** A CA that was made again has its old name and another key, which reads as if it were the same CA. */
function describeMissing (anchors: readonly ParsedCertificate[], last: ParsedCertificate): string {
  const issuer = last.identity.issuer?.toString()
  const namesake = anchors.find(({ identity }) => identity.subject?.toString() === issuer)
  return namesake === undefined
    ? ', which is not in ca'
    : ', but the CA of that name in ca has another key (the CA was made again, or this is an older certificate)'
}

function isSame (one: ParsedCertificate, other: ParsedCertificate): boolean {
  return one.identity.fingerprint256 === other.identity.fingerprint256
}

/** The key must belong to the leaf certificate. @throws CredentialsRefusedError */
function checkKeyFit (leaf: ParsedCertificate, key: OwnCredentials['key'], origins: Origins): void {
  if (isOpaqueKey(key) ? key.publicKey256 === leaf.identity.publicKey256 : leaf.x509.checkPrivateKey(key)) return
  const hint = leaf.identity.isCa === true ? ', a CA certificate (the leaf must come first)' : ''
  const found = `found ${isOpaqueKey(key) ? key.uri : `a key of type ${key.asymmetricKeyType ?? 'unknown'}`}`
  const expected = `expected the key of ${String(leaf.identity)}${hint} from ${origins.cert}`
  throw refused('key_mismatch', origins.key, `the key does not belong to the certificate; ${found}; ${expected}`)
}

/**
 * Each certificate must have issued the one before: peers on TLS 1.2 may rely on it (RFC 5246 section 7.4.2).
 *
 * @throws CredentialsRefusedError
 */
function checkOrder (certificates: readonly ParsedCertificate[], where: string): void {
  for (const [index, issuer] of certificates.slice(1).entries()) {
    const issued = certificates[index] as ParsedCertificate
    if (hasIssued(issuer, issued) && issuer.identity.isCa === true) continue
    const problem = `certificate ${index + 2} did not issue certificate ${index + 1}`
    const found = `found ${String(issuer.identity)} after ${String(issued.identity)}`
    throw refused('bad_chain', where, `${problem}; ${found}; expected the leaf, then the issuer of each certificate`)
  }
}

/**
 * Returns the certificates of our chain that peers with our CAs need: all below a CA that is an anchor. A
 * cross-certificate of that CA, signed by an older root, is sent for peers that know only the older root. When it
 * expires, the others are still used.
 *
 * @param certificates the leaf first
 */
export function neededCertificates (
  certificates: readonly PeerIdentity[], anchors: readonly PeerIdentity[]
): readonly PeerIdentity[] {
  const end = certificates.findIndex((certificate, index) => {
    return index > 0 && anchors.some((anchor) => caKey(certificate) === caKey(anchor))
  })
  return end === -1 ? certificates : certificates.slice(0, end)
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_USAGE = '2.5.29.37.0'
const NAMES: Readonly<Record<string, string>> = {
  [SERVER_AUTH]: 'serverAuth',
  [CLIENT_AUTH]: 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning'
}
const EXPECTED = {
  server: 'serverAuth', client: 'clientAuth', both: 'serverAuth and clientAuth', either: 'serverAuth or clientAuth'
}

/**
 * The extended key usage must allow the option `use`. Without the extension a key may be used for anything (RFC 5280
 * section 4.2.1.12).
 *
 * @throws CredentialsRefusedError
 */
function checkUsage (leaf: PeerIdentity, where: string, use: NonNullable<CheckOptions['use']>): void {
  const usages = leaf.extendedKeyUsage ?? []
  if (usages.length === 0 || usages.includes(ANY_USAGE)) return
  const server = usages.includes(SERVER_AUTH)
  const client = usages.includes(CLIENT_AUTH)
  const fits = { server, client, both: server && client, either: server || client }[use]
  if (fits) return
  const found = usages.map((oid) => NAMES[oid] ?? oid).join(', ')
  const problem = `the extended key usage does not allow use as ${use}`
  throw refused('wrong_purpose', where, `${problem}; found ${found}; expected ${EXPECTED[use]}`)
}

/**
 * TLS 1.3 requires digitalSignature in a keyUsage extension (RFC 8446 section 4.4.2.2). Not every peer checks it, so
 * its absence is a warning.
 *
 * @returns the warning, if there is one
 */
function checkKeyUsage (leaf: PeerIdentity, where: string): string | undefined {
  const usage = readCertificate(derOf(leaf) ?? new Uint8Array()).extensions.get(EXTENSION.keyUsage)
  if (usage === undefined || (readKeyUsage(usage.value) & KEY_USAGE.digitalSignature) !== 0) return undefined
  return `${where}: the key usage of ${String(leaf)} lacks digitalSignature; peers may refuse it in TLS 1.3`
}

/**
 * OpenSSL must accept certificate, key and CAs. Otherwise the rotation would fail later, when a server uses them.
 *
 * @throws CredentialsRefusedError
 */
export function checkUsable (options: SecureContextOptions, where: string): void {
  try {
    createSecureContext(options)
  } catch (error) {
    const { code = 'unknown', message } = error as NodeJS.ErrnoException
    const found = `OpenSSL rejects it: found ${code} (${message})`
    throw refused('unusable', where, `${found}; expected certificate and key for TLS`)
  }
}
