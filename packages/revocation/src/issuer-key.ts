import { EXTENSION, readBasicConstraints, readCertificate, readKeyUsage } from '@peerkit/identity/x509'
import type { PeerIdentity } from '@peerkit/identity'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { DerSequence } from './der-sequence.ts'
import { TAG } from '@peerkit/identity/der'
import { readBitOctets } from './der-values.ts'
import { optionInvalid } from './errors.ts'

/** What verification needs of a certificate. Byte arrays are views into its DER. */
export interface IssuerKey {
  readonly identity: PeerIdentity
  /** The subject's DER. */
  readonly subject: Uint8Array
  /** Undefined if this Node cannot parse it, such as an ML-DSA key in Node 22. */
  readonly key: KeyObject | undefined
  /** The bytes of subjectPublicKey without tag, length and unused bits, which OCSP hashes. */
  readonly keyOctets: Uint8Array
  readonly isCa: boolean
  /** As `readKeyUsage` returns it; undefined if the extension is absent. */
  readonly keyUsage: number | undefined
  /** The subject key identifier in hex; undefined if there is none. */
  readonly subjectKeyId: string | undefined
}

// createPublicKey takes 34–100 µs, so it runs once per certificate, and only for those that are used.
const keys = new WeakMap<PeerIdentity, IssuerKey>()

/** Parses the key of a certificate that issues others, or signs OCSP responses. Throws if the identity has no DER. */
export function readIssuerKey (identity: PeerIdentity): IssuerKey {
  const known = keys.get(identity)
  if (known !== undefined) return known
  const der = identity.raw
  if (der === undefined) {
    throw optionInvalid(`the issuer ${String(identity)} is a partial identity; expected one parsed from a certificate`)
  }
  const certificate = readCertificate(der, identity.tolerated)
  const spki = DerSequence.of(certificate.subjectPublicKeyInfo, TAG.sequence)
  spki.expect(TAG.sequence)
  const keyOctets = readBitOctets(spki)
  const constraints = certificate.extensions.get(EXTENSION.basicConstraints)
  const usage = certificate.extensions.get(EXTENSION.keyUsage)
  const keyId = certificate.extensions.get(EXTENSION.subjectKeyIdentifier)
  let key: KeyObject | null | undefined
  const read: IssuerKey = {
    identity,
    subject: certificate.subjectRaw,
    get key () {
      if (key === undefined) key = readKey(certificate.subjectPublicKeyInfo)
      return key ?? undefined
    },
    keyOctets,
    isCa: constraints !== undefined && readBasicConstraints(constraints.value).ca,
    keyUsage: usage === undefined ? undefined : readKeyUsage(usage.value),
    subjectKeyId: keyId === undefined ? undefined : readOctets(keyId.value)
  }
  keys.set(identity, read)
  return read
}

function readOctets (value: Uint8Array): string {
  const octets = new DerSequence(value)
  return Buffer.from(octets.content(octets.expect(TAG.octetString))).toString('hex')
}

function readKey (spki: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    return null
  }
}

/** Error text for a certificate whose `key` is undefined. */
export function describeUnreadableKey ({ identity }: IssuerKey): string {
  return `Node ${process.version} with OpenSSL ${process.versions.openssl} cannot read the key of ${String(identity)}`
}

/** Whether keyUsage allows the use, one of KEY_USAGE. Without the extension, every use is allowed. */
export function mayUse (issuer: IssuerKey, use: number): boolean {
  return issuer.keyUsage === undefined || (issuer.keyUsage & use) !== 0
}
