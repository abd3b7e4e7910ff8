import { endOfValidity, validityAt } from '@peerkit/identity'
import { EXTENSION, KEY_USAGE, summarizeCertificate } from '@peerkit/identity/x509'
import { refuse } from '../refusal.ts'
import type { CertificateSummary } from '@peerkit/identity/x509'
import type { PathRefusalReason, PathRefused } from '../refusal.ts'
import type { Algorithms } from './algorithm-policy.ts'
import type { Certificate } from './certificate.ts'

const NETSCAPE_CERT_TYPE = '2.16.840.1.113730.1.1'

/** The critical extensions that are processed (RFC 5280 section 4.2). One that is only known by name, as authorityKeyIdentifier, is not understood when critical. */
const PROCESSED: ReadonlySet<string> = new Set([
  EXTENSION.basicConstraints, EXTENSION.keyUsage, EXTENSION.extendedKeyUsage, EXTENSION.subjectAltName, EXTENSION.nameConstraints, EXTENSION.certificatePolicies,
  EXTENSION.policyMappings, EXTENSION.policyConstraints, EXTENSION.inhibitAnyPolicy, EXTENSION.crlDistributionPoints, NETSCAPE_CERT_TYPE,
])

export type Purpose = 'clientAuth' | 'serverAuth' | 'any'

/** What certificates are held against. */
export interface PurposeRules {
  readonly purpose: Purpose
  /** Whether a leaf may have what is meant for CAs alone and does nothing without basicConstraints. */
  readonly idleCaFields?: boolean
  /** Whether a certificate for servers counts as one for clients too. */
  readonly serverAuthOnly?: boolean
}

const PURPOSES = Object.freeze({ clientAuth: '1.3.6.1.5.5.7.3.2', serverAuth: '1.3.6.1.5.5.7.3.1' } as const)

const CLIENT_USES = KEY_USAGE.digitalSignature | KEY_USAGE.keyAgreement
/** What a leaf's key has to be allowed, any of these, as OpenSSL asks it in a handshake. */
const LEAF_USES = Object.freeze({ clientAuth: CLIENT_USES, serverAuth: CLIENT_USES | KEY_USAGE.keyEncipherment } as const)

const CERT_TYPE_BITS = Object.freeze({ clientAuth: 0x80, serverAuth: 0x40 } as const)

/** What can be told of a certificate by itself, wherever it stands in a path: extensions, validity, key. */
export function findFlaw (certificate: Certificate, now: number, algorithms: Algorithms): PathRefused | undefined {
  const { fields, contents } = certificate
  for (const [oid, { critical }] of fields.extensions) {
    if (critical && !PROCESSED.has(oid)) return blame(certificate, 'critical_extension', `has the critical extension ${oid}`)
  }
  if (contents.unknownQualifier) return blame(certificate, 'critical_extension', 'has critical certificate policies with a qualifier that is not known')
  const flaw = checkValidity(certificate, now)
  if (flaw !== undefined) return flaw
  const keyFlaw = algorithms.findKeyFlaw(contents.keyKind)
  return keyFlaw === undefined ? undefined : blame(certificate, 'key_refused', `has a ${keyFlaw}`)
}

function checkValidity (certificate: Certificate, now: number): PathRefused | undefined {
  const { notBefore, notAfter } = certificate.fields
  switch (validityAt(certificate.fields, now)) {
    case 'valid': return undefined
    case 'expired': return blame(certificate, 'expired', `was valid until ${timeOf(notAfter)}`)
    case 'not_yet_valid': return blame(certificate, 'not_yet_valid', `is valid from ${timeOf(notBefore)}`)
  }
}

/** When a certificate is no longer valid, in milliseconds since the epoch. */
export function endOf ({ fields }: Certificate): number {
  return endOfValidity(fields)
}

/** A refusal that names the certificate at fault, in words and as data. */
export function blame (certificate: Certificate, reason: PathRefusalReason, fault: string, why?: string): PathRefused {
  return refuse(reason, `${nameOf(certificate)} ${fault}`, { certificate: summaryOf(certificate), ...(why !== undefined && { why }) })
}

/** What keeps a certificate from issuing others: RFC 5280 sections 6.1.4 (k) and (n), and the purposes that its own extension narrows those below it to. */
export function findIssuerFlaw (certificate: Certificate, rules: PurposeRules): PathRefused | undefined {
  const { basicConstraints, keyUsage, subjectRdns } = certificate
  if (basicConstraints?.ca !== true) return blame(certificate, 'not_ca', 'issued a certificate, but is no CA (basicConstraints)')
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) === 0) return blame(certificate, 'not_ca', 'issued a certificate, but its keyUsage lacks keyCertSign')
  if (subjectRdns.length === 0) return blame(certificate, 'not_ca', 'issued a certificate and has no name')
  return checkPurpose(certificate, rules)
}

/** What keeps a certificate from being presented in a handshake. */
export function findLeafFlaw (certificate: Certificate, rules: PurposeRules): PathRefused | undefined {
  const { purpose, idleCaFields = false } = rules
  const { identity, basicConstraints, keyUsage, nameConstraints } = certificate
  const isCa = basicConstraints?.ca === true
  // RFC 5280 sections 4.2.1.3 and 4.2.1.10: for CAs alone. A reader that looks at one of them and not at cA takes it for a CA.
  if (!idleCaFields && !isCa && keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) !== 0) return blame(certificate, 'purpose', 'is no CA and has keyCertSign')
  if (!idleCaFields && !isCa && nameConstraints !== undefined) return blame(certificate, 'name_constraint', 'is no CA and has name constraints')
  // As in a handshake: a CA's key that answers for a client is one that can also sign others' names.
  if (purpose !== 'any' && identity.isCa !== false) return blame(certificate, 'ca_as_leaf', 'is a CA')
  if (purpose !== 'any' && !allowsByCertType(certificate, purpose)) return blame(certificate, 'purpose', `does not allow ${purpose} by its Netscape certificate type`)
  if (purpose !== 'any' && keyUsage !== undefined && (keyUsage & LEAF_USES[purpose]) === 0) return blame(certificate, 'purpose', `does not allow ${purpose} by its keyUsage`)
  return checkPurpose(certificate, rules)
}

/** What came before extended key usages, and OpenSSL still heeds in a handshake. That it is a BIT STRING was checked when it was read. */
function allowsByCertType ({ fields }: Certificate, purpose: keyof typeof CERT_TYPE_BITS): boolean {
  const type = fields.extensions.get(NETSCAPE_CERT_TYPE)
  return type === undefined || ((type.value[3] ?? 0) & CERT_TYPE_BITS[purpose]) !== 0
}

/**
 * An extended key usage, where there is one, has to name the purpose: in the leaf and in every CA above it. anyExtendedKeyUsage does not, so that what OpenSSL
 * refuses in a handshake is not accepted from a gateway.
 */
function checkPurpose (certificate: Certificate, { purpose, serverAuthOnly = false }: PurposeRules): PathRefused | undefined {
  if (allowsPurpose(certificate, purpose) || (serverAuthOnly && purpose === 'clientAuth' && allowsPurpose(certificate, 'serverAuth'))) return undefined
  return blame(certificate, 'purpose', `does not allow ${purpose} by its extendedKeyUsage`)
}

/** Whether an extended key usage, where there is one, names the purpose. The certificate must have been read whole. */
export function allowsPurpose (certificate: Certificate, purpose: Purpose): boolean {
  if (purpose === 'any' || !certificate.fields.extensions.has(EXTENSION.extendedKeyUsage)) return true
  return certificate.identity.extendedKeyUsage!.includes(PURPOSES[purpose])
}

const names = new WeakMap<Certificate, string>()

/** A certificate in a sentence. Rendered once: a name may be long, and many paths may fail at it. */
export function nameOf (certificate: Certificate): string {
  let name = names.get(certificate)
  if (name === undefined) {
    if (certificate.isRead) name = certificate.identity.toString()
    else {
      const { subject, serialNumber = '', fingerprint256 } = summaryOf(certificate)
      name = `${subject ?? `serial ${serialNumber}`} (sha256:${fingerprint256.slice(0, 16)})`
    }
    names.set(certificate, name)
  }
  return name
}

const summaries = new WeakMap<Certificate, CertificateSummary>()

/** What names a certificate in a log. */
export function summaryOf (certificate: Certificate): CertificateSummary {
  let summary = summaries.get(certificate)
  if (summary === undefined) summaries.set(certificate, summary = summarizeCertificate(certificate.der))
  return summary
}

function timeOf (time: number): string {
  return new Date(time).toISOString()
}
