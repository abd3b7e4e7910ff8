import { endOfValidity, validityAt } from '@peerkit/identity'
import { EXTENSION, KEY_USAGE } from '@peerkit/identity/x509'
import { blame } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'
import type { Algorithms } from './algorithm-policy.ts'
import type { Certificate } from './certificate.ts'

const NETSCAPE_CERT_TYPE = '2.16.840.1.113730.1.1'

/**
 * The critical extensions that are processed (RFC 5280 section 4.2). Extensions that are only read as hints, such as
 * authorityKeyIdentifier, are not supported if they are critical.
 */
const PROCESSED: ReadonlySet<string> = new Set([
  EXTENSION.basicConstraints, EXTENSION.keyUsage, EXTENSION.extendedKeyUsage, EXTENSION.subjectAltName,
  EXTENSION.nameConstraints, EXTENSION.certificatePolicies, EXTENSION.policyMappings, EXTENSION.policyConstraints,
  EXTENSION.inhibitAnyPolicy, EXTENSION.crlDistributionPoints, NETSCAPE_CERT_TYPE,
])

export type Purpose = 'clientAuth' | 'serverAuth' | 'any'

/** The required purpose of certificates. */
export interface PurposeRules {
  readonly purpose: Purpose
  /** Whether a leaf may have keyCertSign or name constraints, which have no effect without basicConstraints. */
  readonly idleCaFields?: boolean
  /** Whether serverAuth is accepted instead of clientAuth. */
  readonly serverAuthOnly?: boolean
}

const PURPOSES = Object.freeze({ clientAuth: '1.3.6.1.5.5.7.3.2', serverAuth: '1.3.6.1.5.5.7.3.1' } as const)

const CLIENT_USES = KEY_USAGE.digitalSignature | KEY_USAGE.keyAgreement
/** The key usages of which a leaf needs at least one, as in an OpenSSL handshake. */
const LEAF_USES = Object.freeze({
  clientAuth: CLIENT_USES, serverAuth: CLIENT_USES | KEY_USAGE.keyEncipherment
} as const)

const CERT_TYPE_BITS = Object.freeze({ clientAuth: 0x80, serverAuth: 0x40 } as const)

/** Checks that do not depend on the position in the path: extensions, validity, key. */
export function findFlaw (certificate: Certificate, now: number, algorithms: Algorithms): PathRefused | undefined {
  const { fields, contents } = certificate
  for (const [oid, { critical }] of fields.extensions) {
    if (!critical || PROCESSED.has(oid)) continue
    return blame(certificate, 'critical_extension', `has the critical extension ${oid}`)
  }
  if (contents.unknownQualifier) {
    const fault = 'has critical certificate policies with an unknown qualifier'
    return blame(certificate, 'critical_extension', fault)
  }
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

/** When a certificate stops being valid, in milliseconds since the epoch. */
export function endOf ({ fields }: Certificate): number {
  return endOfValidity(fields)
}

/** Checks that a certificate may issue others: RFC 5280 sections 6.1.4 (k) and (n), and its extended key usage. */
export function findIssuerFlaw (certificate: Certificate, rules: PurposeRules): PathRefused | undefined {
  const { basicConstraints, keyUsage, subjectRdns } = certificate
  if (basicConstraints?.ca !== true) {
    return blame(certificate, 'not_ca', 'issued a certificate, but is not a CA (basicConstraints)')
  }
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) === 0) {
    return blame(certificate, 'not_ca', 'issued a certificate, but its keyUsage lacks keyCertSign')
  }
  if (subjectRdns.length === 0) return blame(certificate, 'not_ca', 'issued a certificate, but has no name')
  return checkPurpose(certificate, rules)
}

/** Checks that a certificate may be presented in a handshake. */
export function findLeafFlaw (certificate: Certificate, rules: PurposeRules): PathRefused | undefined {
  const { purpose, idleCaFields = false } = rules
  const { identity, basicConstraints, keyUsage, nameConstraints } = certificate
  const isCa = basicConstraints?.ca === true
  // RFC 5280 sections 4.2.1.3 and 4.2.1.10: for CAs only. Software that checks one of them and not cA takes it for a
  // CA.
  if (!idleCaFields && !isCa && keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) !== 0) {
    return blame(certificate, 'wrong_purpose', 'is not a CA, but has keyCertSign')
  }
  if (!idleCaFields && !isCa && nameConstraints !== undefined) {
    return blame(certificate, 'name_constraint', 'is not a CA, but has name constraints')
  }
  if (purpose === 'any') return checkPurpose(certificate, rules)
  // As in a handshake: the key of a CA could also sign certificates with other names.
  if (identity.isCa !== false) return blame(certificate, 'ca_as_leaf', 'is a CA')
  if (!allowsByCertType(certificate, purpose)) {
    return blame(certificate, 'wrong_purpose', `does not allow ${purpose} by its Netscape certificate type`)
  }
  if (keyUsage !== undefined && (keyUsage & LEAF_USES[purpose]) === 0) {
    return blame(certificate, 'wrong_purpose', `does not allow ${purpose} by its keyUsage`)
  }
  return checkPurpose(certificate, rules)
}

/** The predecessor of extended key usages, which OpenSSL still checks in a handshake. It was read as a BIT STRING. */
function allowsByCertType ({ fields }: Certificate, purpose: keyof typeof CERT_TYPE_BITS): boolean {
  const type = fields.extensions.get(NETSCAPE_CERT_TYPE)
  return type === undefined || ((type.value[3] ?? 0) & CERT_TYPE_BITS[purpose]) !== 0
}

/**
 * If the leaf or a CA above it has an extended key usage, it must contain the purpose. anyExtendedKeyUsage is not
 * enough, so that what OpenSSL refuses in a handshake is not accepted from a gateway.
 */
function checkPurpose (
  certificate: Certificate, { purpose, serverAuthOnly = false }: PurposeRules
): PathRefused | undefined {
  if (allowsPurpose(certificate, purpose)) return undefined
  if (serverAuthOnly && purpose === 'clientAuth' && allowsPurpose(certificate, 'serverAuth')) return undefined
  return blame(certificate, 'wrong_purpose', `does not allow ${purpose} by its extendedKeyUsage`)
}

/** Whether the extended key usage, if there is one, contains the purpose. The contents must have been read. */
export function allowsPurpose (certificate: Certificate, purpose: Purpose): boolean {
  if (purpose === 'any' || !certificate.fields.extensions.has(EXTENSION.extendedKeyUsage)) return true
  return certificate.identity.extendedKeyUsage!.includes(PURPOSES[purpose])
}

function timeOf (time: number): string {
  return new Date(time).toISOString()
}
