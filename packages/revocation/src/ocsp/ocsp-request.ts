import { createHash } from 'node:crypto'
import type { PeerIdentity } from '@peerkit/identity'
import { readCertificate } from '@peerkit/identity/x509'
import { writeElement, writeInteger, writeOid } from '../x509/der.ts'
import { readIssuerKey } from '../x509/issuer.ts'

/**
 * Hash that a CertID uses to identify the issuer. SHA-1 is not a weakness here, since it only identifies; many
 * responders support nothing else (RFC 5019 section 2.1.1).
 */
export type CertIdHash = 'sha1' | 'sha256'

/** Identifies the certificate of a query or an answer (RFC 6960 section 4.1.1). */
export interface CertId {
  readonly hashOid: string
  /** hex */
  readonly nameHash: string
  /** hex */
  readonly keyHash: string
  /** hex, as `PeerIdentity.serialNumber` */
  readonly serialNumber: string
}

const hashOids: Readonly<Record<CertIdHash, string>> = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' }
const hashes = ['sha1', 'sha256'] as const

/**
 * The CertID of a query about a certificate, which must have a serial number. RFC 6960 section 4.1.1 hashes the
 * issuer's name as encoded in the certificate, which may differ from the issuer's own encoding.
 */
export function describeCertId (certificate: PeerIdentity, issuer: PeerIdentity, hash: CertIdHash): CertId {
  return makeCertId(certificate, issuer, readIssuerName(certificate) ?? readIssuerKey(issuer).subject, hash)
}

/**
 * Every CertID that identifies a certificate: with either hash, and with the issuer's name as either certificate
 * encodes it.
 */
export function describeCertIds (certificate: PeerIdentity, issuer: PeerIdentity): CertId[] {
  const { subject } = readIssuerKey(issuer)
  const named = readIssuerName(certificate)
  const names = named === undefined || Buffer.compare(named, subject) === 0 ? [subject] : [named, subject]
  return names.flatMap((name) => hashes.map((hash) => makeCertId(certificate, issuer, name, hash)))
}

function readIssuerName ({ raw, tolerated }: PeerIdentity): Uint8Array | undefined {
  return raw === undefined ? undefined : readCertificate(raw, tolerated).issuerRaw
}

function makeCertId (certificate: PeerIdentity, issuer: PeerIdentity, name: Uint8Array, hash: CertIdHash): CertId {
  return {
    hashOid: hashOids[hash],
    nameHash: createHash(hash).update(name).digest('hex'),
    keyHash: createHash(hash).update(readIssuerKey(issuer).keyOctets).digest('hex'),
    serialNumber: certificate.serialNumber!
  }
}

export function equalCertIds (one: CertId, other: CertId): boolean {
  return (
    one.hashOid === other.hashOid &&
    one.nameHash === other.nameHash &&
    one.keyHash === other.keyHash &&
    one.serialNumber === other.serialNumber
  )
}

/** An unsigned OCSPRequest for one certificate (RFC 6960 section 4.1.1), with or without a nonce (RFC 9654). */
export function writeOcspRequest (certId: CertId, nonce: Uint8Array | undefined): Uint8Array {
  const algorithm = writeElement(0x30, writeOid(certId.hashOid), writeElement(0x05))
  const id = writeElement(
    0x30,
    algorithm,
    writeElement(0x04, Buffer.from(certId.nameHash, 'hex')),
    writeElement(0x04, Buffer.from(certId.keyHash, 'hex')),
    writeInteger(certId.serialNumber)
  )
  const list = writeElement(0x30, writeElement(0x30, id))
  if (nonce === undefined) return writeElement(0x30, writeElement(0x30, list))
  const extension = writeElement(0x30, writeOid('1.3.6.1.5.5.7.48.1.2'), writeElement(0x04, writeElement(0x04, nonce)))
  return writeElement(0x30, writeElement(0x30, list, writeElement(0xa2, writeElement(0x30, extension))))
}
