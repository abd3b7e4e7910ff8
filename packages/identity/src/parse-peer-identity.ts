import crypto from 'node:crypto'
import { asBuffer } from './der/buffer.ts'
import { MTLS_ERR_IDENTITY_OPTION, MTLS_ERR_SPIFFE_ID_INVALID } from './errors.ts'
import { createIdentity, isPeerIdentity } from './identity.ts'
import type { DistinguishedName } from './name/distinguished-name.ts'
import type { PeerIdentity, SubjectAltNames } from './peer-identity.ts'
import { asCertificateError } from './reasons.ts'
import { parseSpiffeId } from './spiffe-id.ts'
import { NO_NAMES, collectAltNames } from './subject-alt-names.ts'
import { checkInput, readFields } from './x509/certificate.ts'
import { checkExtensions } from './x509/check-extensions.ts'
import type { CertificateFields } from './x509/certificate.ts'
import { EXTENSION } from './x509/extension-oids.ts'
import {
  KEY_USAGE,
  readBasicConstraints,
  readCertificatePolicies,
  readExtendedKeyUsage,
  readKeyUsage
} from './x509/extension-values.ts'
import { readGeneralNames } from './x509/general-names.ts'
import { readName } from './x509/name.ts'

/** What is known of a certificate beyond its bytes. */
export interface ParsePeerIdentityOptions {
  /** Where it was seen: in a handshake (`tls`, the default), or in a gateway's header. */
  readonly source?: 'tls' | 'forwarded'
  /** The verified chain above it, nearest issuer first. */
  readonly chain?: readonly PeerIdentity[]
  /** The gateways it came through, nearest last. */
  readonly via?: readonly PeerIdentity[]
}

const NONE: readonly never[] = Object.freeze([])

/**
 * The identity that one certificate's DER states. Nothing is verified here: no signature, no time, no chain.
 *
 * The bytes are copied first, read by a strict DER reader, and every field is decoded or the certificate is refused. At most 100 KiB.
 *
 * @throws MTLS_ERR_CERTIFICATE_INVALID with `reason` and `offset`; MTLS_ERR_IDENTITY_OPTION for wrong options
 */
export function parsePeerIdentity (der: Uint8Array, options: ParsePeerIdentityOptions = {}): PeerIdentity {
  if (typeof options !== 'object' || options === null) throw new MTLS_ERR_IDENTITY_OPTION('options: expected an object')
  const { source = 'tls', chain, via = NONE, ...unknown } = options
  const [key] = Object.keys(unknown)
  if (key !== undefined) throw new MTLS_ERR_IDENTITY_OPTION(`unknown option "${key}"; expected source, chain or via`)
  if (source !== 'tls' && source !== 'forwarded') {
    throw new MTLS_ERR_IDENTITY_OPTION(`source: expected "tls" or "forwarded", found ${JSON.stringify(source)}`)
  }
  const links = {
    source,
    chain: chain === undefined ? undefined : freezePeers(chain, 'chain'),
    via: freezePeers(via, 'via')
  }
  try {
    checkInput(der)
    // A copy in memory of its own, and not in the pool that Buffer.from would share it with.
    return identityOf(readFields(asBuffer(new Uint8Array(der))), links, {})
  } catch (error) {
    throw asCertificateError(error)
  }
}

/** A frozen copy of a list of identities. @throws MTLS_ERR_IDENTITY_OPTION */
export function freezePeers (peers: readonly PeerIdentity[], option: string): readonly PeerIdentity[] {
  if (!Array.isArray(peers) || !peers.every(isPeerIdentity)) {
    throw new MTLS_ERR_IDENTITY_OPTION(`${option}: expected an array of PeerIdentity`)
  }
  return peers.length === 0 ? NONE : Object.freeze([...peers])
}

/** What was read of a certificate already, so that it is not read again. */
export interface KnownParts {
  readonly subject?: DistinguishedName | undefined
  readonly issuer?: DistinguishedName | undefined
  readonly fingerprint256?: string | undefined
  readonly publicKey256?: string | undefined
}

/**
 * The identity of a certificate whose frame was read: as `parsePeerIdentity`, without reading the frame again and without a copy. For packages of this suite:
 * nobody may write to the bytes any more.
 *
 * @throws MTLS_ERR_CERTIFICATE_INVALID with `reason` and `offset`
 */
export function readPeerIdentity (fields: CertificateFields, known: KnownParts = {}): PeerIdentity {
  try {
    return identityOf(fields, { source: 'tls', chain: undefined, via: NONE }, known)
  } catch (error) {
    throw asCertificateError(error)
  }
}

function identityOf (
  fields: CertificateFields,
  links: Pick<PeerIdentity, 'source' | 'chain' | 'via'>,
  known: KnownParts
): PeerIdentity {
  const { der } = fields
  checkExtensions(der, fields.extensions)
  const names = readExtension(fields, EXTENSION.subjectAltName, readGeneralNames)
  const subjectAltNames = names === undefined ? NO_NAMES : collectAltNames(names)
  const constraints = readExtension(fields, EXTENSION.basicConstraints, readBasicConstraints)
  const usage = readExtension(fields, EXTENSION.keyUsage, readKeyUsage)
  const ca = constraints?.ca === true
  const signs = usage !== undefined && (usage & (KEY_USAGE.keyCertSign | KEY_USAGE.cRLSign)) !== 0
  return createIdentity({
    subject: known.subject ?? nameAt(der, fields.subjectRaw),
    issuer: known.issuer ?? nameAt(der, fields.issuerRaw),
    subjectAltNames,
    spiffeId: ca || signs ? undefined : spiffeIdOf(subjectAltNames),
    serialNumber: fields.serialNumber,
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    fingerprint256: known.fingerprint256 ?? crypto.hash('sha256', der, 'hex'),
    publicKey256: known.publicKey256 ?? crypto.hash('sha256', fields.subjectPublicKeyInfo, 'hex'),
    extendedKeyUsage: Object.freeze(readExtension(fields, EXTENSION.extendedKeyUsage, readExtendedKeyUsage) ?? NONE),
    policies: Object.freeze(readExtension(fields, EXTENSION.certificatePolicies, readCertificatePolicies) ?? NONE),
    isCa: ca && (usage === undefined || (usage & KEY_USAGE.keyCertSign) !== 0),
    source: links.source,
    chain: links.chain,
    via: links.via
  }, der)
}

/** Read in place, so that errors tell the offset in the certificate. */
function nameAt (der: Uint8Array, part: Uint8Array): DistinguishedName {
  const start = part.byteOffset - der.byteOffset
  return readName(der, start, start + part.length)
}

function readExtension<T> (
  fields: CertificateFields,
  oid: string,
  read: (bytes: Uint8Array, start: number, end: number) => T
): T | undefined {
  const extension = fields.extensions.get(oid)
  return extension && read(fields.der, extension.offset, extension.offset + extension.value.length)
}

/** X509-SVID 2 and 5.2: exactly one URI name, which is a SPIFFE ID with a path. */
export function spiffeIdOf (names: SubjectAltNames): string | undefined {
  const [uri, ...more] = names.uri
  if (uri === undefined || more.length > 0 || !uri.startsWith('spiffe://')) return undefined
  try {
    return parseSpiffeId(uri).path === '' ? undefined : uri
  } catch (error) {
    if (error instanceof MTLS_ERR_SPIFFE_ID_INVALID) return undefined
    throw error
  }
}
