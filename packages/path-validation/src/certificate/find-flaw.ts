import { EXTENSION, KEY_USAGE } from '@peerkit/identity/x509'
import { refuse } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'
import type { Certificate } from './certificate.ts'

/** The critical extensions that are processed (RFC 5280 section 4.2). One that is only known by name, as authorityKeyIdentifier, is not understood when critical. */
const PROCESSED: ReadonlySet<string> = new Set([
  EXTENSION.basicConstraints, EXTENSION.keyUsage, EXTENSION.extendedKeyUsage, EXTENSION.subjectAltName, EXTENSION.nameConstraints, EXTENSION.certificatePolicies,
  EXTENSION.policyMappings, EXTENSION.policyConstraints, EXTENSION.inhibitAnyPolicy,
])

export type Purpose = 'clientAuth' | 'serverAuth' | 'any'

const PURPOSES = Object.freeze({ clientAuth: '1.3.6.1.5.5.7.3.2', serverAuth: '1.3.6.1.5.5.7.3.1' } as const)

const CLIENT_USES = KEY_USAGE.digitalSignature | KEY_USAGE.keyAgreement
/** What a leaf's key has to be allowed, any of these, as OpenSSL asks it in a handshake. */
const LEAF_USES = Object.freeze({ clientAuth: CLIENT_USES, serverAuth: CLIENT_USES | KEY_USAGE.keyEncipherment } as const)

const NETSCAPE_CERT_TYPE = '2.16.840.1.113730.1.1'
const CERT_TYPE_BITS = Object.freeze({ clientAuth: 0x80, serverAuth: 0x40 } as const)

/** What can be told of a certificate by itself, wherever it stands in a path: extensions, validity, key. */
export function findFlaw (certificate: Certificate, now: number): PathRefused | undefined {
  const { fields, keyKind } = certificate
  for (const [oid, { critical }] of fields.extensions) {
    if (critical && !PROCESSED.has(oid)) return refuse('critical_extension', `${nameOf(certificate)} has the critical extension ${oid}`)
  }
  return judgeValidity(certificate, now) ?? judgeKey(certificate, keyKind.flaw)
}

function judgeKey (certificate: Certificate, flaw: string | undefined): PathRefused | undefined {
  return flaw === undefined ? undefined : refuse('key_refused', `${nameOf(certificate)} has a ${flaw}`)
}

/** notAfter is the last second in which it holds (RFC 5280 section 4.1.2.5). */
function judgeValidity (certificate: Certificate, now: number): PathRefused | undefined {
  const { notBefore, notAfter } = certificate.fields
  if (now < notBefore) return refuse('not_yet_valid', `${nameOf(certificate)} is valid from ${timeOf(notBefore)}`)
  if (now >= endOf(certificate)) return refuse('expired', `${nameOf(certificate)} was valid until ${timeOf(notAfter)}`)
  return undefined
}

/** When a certificate is no longer valid, in milliseconds since the epoch. */
export function endOf ({ fields }: Certificate): number {
  return fields.notAfter + 1000
}

/** What keeps a certificate from issuing others: RFC 5280 sections 6.1.4 (k) and (n), and the purposes that its own extension narrows those below it to. */
export function findIssuerFlaw (certificate: Certificate, purpose: Purpose): PathRefused | undefined {
  const { basicConstraints, keyUsage, subjectRdns } = certificate
  if (basicConstraints?.ca !== true) return refuse('not_ca', `${nameOf(certificate)} issued a certificate, but is no CA (basicConstraints)`)
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) === 0) return refuse('not_ca', `${nameOf(certificate)} issued a certificate, but its keyUsage lacks keyCertSign`)
  if (subjectRdns.length === 0) return refuse('not_ca', `${nameOf(certificate)} issued a certificate and has no name`)
  return judgePurpose(certificate, purpose)
}

/** What keeps a certificate from being presented in a handshake. */
export function findLeafFlaw (certificate: Certificate, purpose: Purpose): PathRefused | undefined {
  const { identity, basicConstraints, keyUsage, nameConstraints } = certificate
  const isCa = basicConstraints?.ca === true
  // RFC 5280 sections 4.2.1.3 and 4.2.1.10: for CAs alone. Whoever looks at one of them and not at cA takes it for a CA.
  if (!isCa && keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) !== 0) return refuse('purpose', `${nameOf(certificate)} is no CA and has keyCertSign`)
  if (!isCa && nameConstraints !== undefined) return refuse('name_constraint', `${nameOf(certificate)} is no CA and has name constraints`)
  // As in a handshake: a CA's key that answers for a client is one that can also sign others' names.
  if (purpose !== 'any' && identity.isCa !== false) return refuse('ca_as_leaf', `${nameOf(certificate)} is a CA`)
  if (purpose !== 'any' && !allowsByCertType(certificate, purpose)) return refuse('purpose', `the Netscape certificate type of ${nameOf(certificate)} does not allow ${purpose}`)
  if (purpose !== 'any' && keyUsage !== undefined && (keyUsage & LEAF_USES[purpose]) === 0) return refuse('purpose', `the keyUsage of ${nameOf(certificate)} does not allow ${purpose}`)
  return judgePurpose(certificate, purpose)
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
function judgePurpose (certificate: Certificate, purpose: Purpose): PathRefused | undefined {
  if (purpose === 'any' || !certificate.fields.extensions.has(EXTENSION.extendedKeyUsage)) return undefined
  if (certificate.identity.extendedKeyUsage!.includes(PURPOSES[purpose])) return undefined
  return refuse('purpose', `the extendedKeyUsage of ${nameOf(certificate)} does not allow ${purpose}`)
}

const names = new WeakMap<Certificate, string>()

/** A certificate in a sentence. Rendered once: a name may be long, and many paths may fail at it. */
export function nameOf (certificate: Certificate): string {
  let name = names.get(certificate)
  if (name === undefined) {
    name = certificate.identity.toString()
    names.set(certificate, name)
  }
  return name
}

function timeOf (time: number): string {
  return new Date(time).toISOString()
}
