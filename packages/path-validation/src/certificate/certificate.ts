import { createPublicKey, hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { EXTENSION, readBasicConstraints, readCertificate, readCertificatePolicies, readKeyUsage, readSignatureScheme } from '@peerkit/identity/x509'
import type { BasicConstraints, CertificateFields, SignatureScheme } from '@peerkit/identity/x509'
import { readNameConstraints } from '../names/read-constraints.ts'
import type { NameConstraints } from '../names/read-constraints.ts'
import { readInhibitAnyPolicy, readPolicyConstraints, readPolicyMappings } from '../policies/read-policies.ts'
import type { PolicyConstraints, PolicyMapping } from '../policies/read-policies.ts'
import { nameKey, rdnKeys } from './name-key.ts'
import { readPublicKeyKind } from './public-key.ts'
import type { PublicKeyKind } from './public-key.ts'

/** Edges remembered of one certificate: as many keys as share an issuer's name in any PKI that works. */
const MAX_EDGES = 32

/** A certificate, read as far as RFC 5280 section 6 asks. Nothing in it is verified. */
export interface Certificate {
  readonly identity: PeerIdentity
  readonly fields: CertificateFields
  readonly fingerprint: string
  readonly subjectRdns: readonly string[]
  readonly subjectKey: string
  readonly issuerKey: string
  /** Subject and issuer are the same name (RFC 5280 section 6.1). */
  readonly selfIssued: boolean
  /** The same for all certificates of one authority: its name and its key. */
  readonly authority: string
  readonly keyKind: PublicKeyKind
  readonly scheme: SignatureScheme | undefined
  readonly basicConstraints: BasicConstraints | undefined
  readonly keyUsage: number | undefined
  readonly nameConstraints: NameConstraints | undefined
  readonly policies: readonly string[] | undefined
  readonly policyMappings: readonly PolicyMapping[] | undefined
  readonly policyConstraints: PolicyConstraints | undefined
  readonly inhibitAnyPolicy: number | undefined
  /** Which keys, by the SHA-256 of their SubjectPublicKeyInfo, made its signature and which did not. That never changes. */
  readonly edges: Map<string, boolean>
  /** The public key, parsed when first asked for (34–100 µs). Undefined where OpenSSL refuses it. */
  publicKey (): KeyObject | undefined
}

export function fingerprintOf (der: Uint8Array): string {
  return hash('sha256', der, 'hex')
}

/**
 * Reads a certificate. Whatever its parsing leaves in doubt is refused here; what is readable and not acceptable is told by `findFlaw`.
 *
 * @throws MTLS_ERR_CERTIFICATE_INVALID, MTLS_ERR_DER_INVALID
 */
export function readPathCertificate (der: Uint8Array): Certificate {
  const identity = parsePeerIdentity(der, { source: 'forwarded' })
  // The identity's own copy of the bytes: nobody else can write to it.
  const fields = readCertificate(identity.raw as Uint8Array)
  const valueOf = <T> (oid: string, read: (value: Uint8Array) => T): T | undefined => {
    const extension = fields.extensions.get(oid)
    return extension === undefined ? undefined : read(extension.value)
  }
  const subjectRdns = rdnKeys(identity.subject!)
  const subjectKey = nameKey(subjectRdns)
  const issuerKey = nameKey(rdnKeys(identity.issuer!))
  let key: KeyObject | null | undefined
  return {
    identity,
    fields,
    fingerprint: identity.fingerprint256!,
    subjectRdns,
    subjectKey,
    issuerKey,
    selfIssued: subjectKey === issuerKey,
    authority: `${identity.publicKey256} ${subjectKey}`,
    keyKind: readPublicKeyKind(fields.subjectPublicKeyInfo),
    scheme: readSignatureScheme(fields.signatureAlgorithm),
    basicConstraints: valueOf(EXTENSION.basicConstraints, readBasicConstraints),
    keyUsage: valueOf(EXTENSION.keyUsage, readKeyUsage),
    nameConstraints: valueOf(EXTENSION.nameConstraints, readNameConstraints),
    policies: valueOf(EXTENSION.certificatePolicies, readCertificatePolicies),
    policyMappings: valueOf(EXTENSION.policyMappings, readPolicyMappings),
    policyConstraints: valueOf(EXTENSION.policyConstraints, readPolicyConstraints),
    inhibitAnyPolicy: valueOf(EXTENSION.inhibitAnyPolicy, readInhibitAnyPolicy),
    edges: new Map(),
    publicKey () {
      key ??= parseKey(fields.subjectPublicKeyInfo)
      return key ?? undefined
    },
  }
}

function parseKey (subjectPublicKeyInfo: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(subjectPublicKeyInfo), format: 'der', type: 'spki' })
  } catch {
    // A point that is not on its curve, for one.
    return null
  }
}

/** Remembers whether a key made a certificate's signature. */
export function rememberEdge (certificate: Certificate, issuer: Certificate, signed: boolean): void {
  if (certificate.edges.size < MAX_EDGES) certificate.edges.set(issuer.identity.publicKey256!, signed)
}

/** Whether the issuer's key made the signature, where that is known already. */
export function knownEdge (certificate: Certificate, issuer: Certificate): boolean | undefined {
  return certificate.edges.get(issuer.identity.publicKey256!)
}
