import type { PeerIdentity } from '@peerkit/identity'
import { DerReader, TAG } from '@peerkit/identity/der'
import { EXTENSION, readBasicConstraints, readCertificatePolicies, readKeyUsage } from '@peerkit/identity/x509'
import type { BasicConstraints, CertificateFields } from '@peerkit/identity/x509'
import { readNameConstraints } from '../name-constraints/read-constraints.ts'
import type { NameConstraints } from '../name-constraints/read-constraints.ts'
import {
  hasUnknownQualifier, readInhibitAnyPolicy, readPolicyConstraints, readPolicyMappings
} from '../policies/read-policies.ts'
import type { PolicyConstraints, PolicyMapping } from '../policies/read-policies.ts'
import { readPublicKeyKind } from './public-key.ts'
import type { PublicKeyKind } from './public-key.ts'

/** The parsed contents of a certificate. */
export interface Contents {
  readonly identity: PeerIdentity
  readonly keyKind: PublicKeyKind
  readonly basicConstraints: BasicConstraints | undefined
  readonly keyUsage: number | undefined
  readonly nameConstraints: NameConstraints | undefined
  readonly policies: readonly string[] | undefined
  /** Whether a critical certificatePolicies has a qualifier that RFC 5280 section 4.2.1.4 does not define. */
  readonly unknownQualifier: boolean
  readonly policyMappings: readonly PolicyMapping[] | undefined
  readonly policyConstraints: PolicyConstraints | undefined
  readonly inhibitAnyPolicy: number | undefined
}

/** @throws CertificateInvalidError, DerInvalidError */
export function readContents (fields: CertificateFields, identity: PeerIdentity): Contents {
  const valueOf = <T> (oid: string, read: (value: Uint8Array) => T): T | undefined => {
    const extension = fields.extensions.get(oid)
    return extension === undefined ? undefined : read(extension.value)
  }
  const policies = fields.extensions.get(EXTENSION.certificatePolicies)
  return {
    identity,
    keyKind: readPublicKeyKind(fields.subjectPublicKeyInfo),
    basicConstraints: valueOf(EXTENSION.basicConstraints, readBasicConstraints),
    keyUsage: valueOf(EXTENSION.keyUsage, readKeyUsage),
    nameConstraints: valueOf(EXTENSION.nameConstraints, readNameConstraints),
    policies: valueOf(EXTENSION.certificatePolicies, readCertificatePolicies),
    unknownQualifier: policies?.critical === true && hasUnknownQualifier(policies.value),
    policyMappings: valueOf(EXTENSION.policyMappings, readPolicyMappings),
    policyConstraints: valueOf(EXTENSION.policyConstraints, readPolicyConstraints),
    inhibitAnyPolicy: valueOf(EXTENSION.inhibitAnyPolicy, readInhibitAnyPolicy)
  }
}

/** Longer identifiers are ignored, to bound the cost of a hint. Most are a SHA-1 of 20 octets. */
const MAX_OCTETS = 64

/** The subjectKeyIdentifier (RFC 5280 section 4.2.1.2) as a string; undefined if it is missing or malformed. */
export function readSubjectKeyId ({ extensions }: CertificateFields): string | undefined {
  const value = extensions.get(EXTENSION.subjectKeyIdentifier)?.value
  return value === undefined ? undefined : readOctets(() => new DerReader(value), TAG.octetString)
}

/**
 * The keyIdentifier of authorityKeyIdentifier (section 4.2.1.1) as a string; undefined if it is missing or malformed.
 */
export function readAuthorityKeyId ({ extensions }: CertificateFields): string | undefined {
  const value = extensions.get(EXTENSION.authorityKeyIdentifier)?.value
  return value === undefined ? undefined : readOctets(() => new DerReader(value).enter(TAG.sequence), 0x80)
}

function readOctets (open: () => DerReader, tag: number): string | undefined {
  try {
    const reader = open()
    const element = reader.optional(tag)
    if (element === undefined || element.end - element.contentStart > MAX_OCTETS) return undefined
    const { buffer, byteOffset, length } = reader.bytes
    return Buffer.from(buffer, byteOffset, length).toString('latin1', element.contentStart, element.end)
  } catch {
    // Malformed. The certificate is refused when its contents are read.
    return undefined
  }
}
