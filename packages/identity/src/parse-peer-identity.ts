import crypto from 'node:crypto'
import { asBuffer } from './der/primitives.ts'
import { IdentityOptionError, asCertificateError } from './errors.ts'
import { createIdentity, hideUnreadable, isPeerIdentity } from './identity.ts'
import { choice, list, valueOf } from './internal/option-values.ts'
import { defineOptions } from './internal/options.ts'
import type { OptionType } from './internal/options.ts'
import { readName } from './name/decode.ts'
import type { DistinguishedName } from './name/distinguished-name.ts'
import type { PeerIdentity } from './peer-identity.ts'
import { spiffeIdOf } from './spiffe-id.ts'
import { NO_NAMES, collectAltNames } from './subject-alt-names.ts'
import { CERTIFICATE_FLAWS, checkInput, readFields } from './x509/certificate.ts'
import type { CertificateFields, CertificateFlaw } from './x509/certificate.ts'
import { checkExtensions } from './x509/check-extensions.ts'
import {
  EXTENSION, KEY_USAGE, listKeyUsage, readBasicConstraints, readCertificatePolicies, readExtendedKeyUsage, readKeyUsage
} from './x509/extensions.ts'
import { readFlawedNames, readGeneralNames } from './x509/general-names.ts'

/** Options of `parsePeerIdentity`. */
export interface ParsePeerIdentityOptions {
  /** Where the certificate was seen: in a TLS handshake (`tls`, default), or in a gateway's header (`forwarded`). */
  readonly source?: 'tls' | 'forwarded'
  /** The verified chain above the leaf, nearest issuer first. */
  readonly chain?: readonly PeerIdentity[]
  /** The gateways between the client and this server, nearest last. */
  readonly via?: readonly PeerIdentity[]
  /** The flaws that are not refused. Default: none. The kinds of alternative names that cannot be read are unknown. */
  readonly tolerate?: readonly CertificateFlaw[]
}

const NONE: readonly never[] = Object.freeze([])
/** The option of `chain` and `via`. */
export const PEERS: OptionType = list('PeerIdentity', valueOf('a PeerIdentity', isPeerIdentity))
const OPTIONS = defineOptions<ParsePeerIdentityOptions>('parsePeerIdentity', IdentityOptionError, {
  source: choice('tls', 'forwarded'),
  chain: PEERS,
  via: PEERS,
  tolerate: list('flaws', choice(...CERTIFICATE_FLAWS))
})

/**
 * Parses a certificate into a `PeerIdentity`. It verifies nothing: no signature, no time, no chain. The bytes are
 * copied and parsed by a strict DER parser. If a field cannot be decoded, the certificate is refused.
 *
 * @param der one certificate, at most 100 KiB, without trailing bytes
 * @throws CertificateInvalidError with `reason` and `offset`
 * @throws IdentityOptionError if an option is wrong
 * @example
 * ```ts
 * const alice = parsePeerIdentity(client.der)
 * console.log(alice.commonName, alice.subject?.values('OU')) // alice [ 'billing' ]
 * ```
 */
export function parsePeerIdentity (der: Uint8Array, options: ParsePeerIdentityOptions = {}): PeerIdentity {
  OPTIONS.check(options)
  const { source = 'tls', chain, via = NONE, tolerate = NONE } = options
  const links = {
    source,
    chain: chain === undefined ? undefined : freezePeers(chain),
    via: freezePeers(via)
  }
  try {
    checkInput(der)
    // Copy to memory of its own. Buffer.from would use the shared pool.
    return hideUnreadable(identityOf(readFields(asBuffer(new Uint8Array(der)), tolerate), links, { tolerate }))
  } catch (error) {
    throw asCertificateError(error)
  }
}

/** A frozen copy of a list of identities. */
export function freezePeers (peers: readonly PeerIdentity[]): readonly PeerIdentity[] {
  return peers.length === 0 ? NONE : Object.freeze([...peers])
}

/** Parts of a certificate that are already parsed, so that they are not parsed again. */
export interface KnownParts {
  readonly subject?: DistinguishedName | undefined
  readonly issuer?: DistinguishedName | undefined
  readonly fingerprint256?: string | undefined
  readonly publicKey256?: string | undefined
  /** The flaws that are not refused. Default: none. */
  readonly tolerate?: readonly CertificateFlaw[]
}

/**
 * Makes the identity of a certificate whose fields are already read, without a copy. For packages of this suite:
 * nothing may write to the bytes afterwards. With a tolerated flaw of alternative names, the lists have the names that
 * can be read, for the checks of trust; `limitPeerIdentity` hides them from rules.
 *
 * @throws CertificateInvalidError with `reason` and `offset`
 * @example
 * ```ts
 * const fields = readCertificate(client.der)
 * console.log(readPeerIdentity(fields).commonName) // alice
 * ```
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
  const tolerated: CertificateFlaw[] = []
  const subjectAltNames = readExtension(fields, EXTENSION.subjectAltName, (bytes, start, end) => {
    try {
      return collectAltNames(readGeneralNames(bytes, start, end))
    } catch (error) {
      if (known.tolerate?.includes('alt-names') !== true) throw error
      const { names, unknown } = readFlawedNames(bytes, start, end)
      tolerated.push('alt-names')
      return collectAltNames(names, unknown)
    }
  }) ?? NO_NAMES
  if (fields.serialNumber.startsWith('-')) tolerated.push('serial-number')
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
    keyUsage: listKeyUsage(usage ?? 0),
    isCa: ca && (usage === undefined || (usage & KEY_USAGE.keyCertSign) !== 0),
    tolerated: tolerated.length === 0 ? NONE : Object.freeze(tolerated),
    source: links.source,
    chain: links.chain,
    via: links.via
  }, der)
}

/** Reads a name in place, so that errors have the offset in the certificate. */
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
