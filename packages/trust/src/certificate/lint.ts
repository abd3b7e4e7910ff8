import { decodeObjectIdentifier, DerReader, TAG } from '@peerkit/identity/der'
import { EXTENSION, KEY_USAGE, readGeneralName } from '@peerkit/identity/x509'
import { isDomain } from '../name-constraints/text-name.ts'
import { readWholeCertificate } from './certificate.ts'
import type { Certificate } from './certificate.ts'

/**
 * Requirements of RFC 5280 for CAs on which path validation does not depend.
 *
 * - `authority_key_identifier_missing` (4.2.1.1), `subject_key_identifier_missing` (4.2.1.2; CAs only)
 * - `serial_number_zero`, `serial_number_too_long` (4.1.2.2: positive, at most 20 octets)
 * - `basic_constraints_not_critical` (4.2.1.9; CAs only), `path_length_without_ca`
 * - `key_usage_missing` (4.2.1.3; CAs only)
 * - `name_constraints_not_critical` (4.2.1.10), `policy_constraints_not_critical` (4.2.1.11),
 *   `inhibit_any_policy_not_critical` (4.2.1.14)
 * - `alternative_name_not_critical` (4.2.1.6: if the subject is empty)
 * - `dns_name_syntax` (4.2.1.6: the preferred name syntax, or a wildcard as the first label)
 * - `authority_info_access_malformed` (4.2.2.1)
 */
export type LintRule =
  | 'authority_key_identifier_missing' | 'subject_key_identifier_missing' | 'serial_number_zero'
  | 'serial_number_too_long' | 'basic_constraints_not_critical' | 'path_length_without_ca' | 'key_usage_missing'
  | 'name_constraints_not_critical' | 'policy_constraints_not_critical' | 'inhibit_any_policy_not_critical'
  | 'alternative_name_not_critical' | 'dns_name_syntax' | 'authority_info_access_malformed'

const MAX_SERIAL_DIGITS = 40

const RULES: Readonly<Record<LintRule, (certificate: Certificate) => boolean>> = {
  authority_key_identifier_missing: (certificate) =>
    !certificate.selfIssued && !has(certificate, EXTENSION.authorityKeyIdentifier),
  subject_key_identifier_missing: (certificate) =>
    isCa(certificate) && !has(certificate, EXTENSION.subjectKeyIdentifier),
  serial_number_zero: ({ fields }) => /^0+$/.test(fields.serialNumber),
  serial_number_too_long: ({ fields }) => fields.serialNumber.length > MAX_SERIAL_DIGITS,
  basic_constraints_not_critical: (certificate) =>
    isCa(certificate) && isNotCritical(certificate, EXTENSION.basicConstraints),
  path_length_without_ca: ({ basicConstraints, keyUsage }) => basicConstraints?.pathLength !== undefined &&
    (!basicConstraints.ca || (keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) === 0)),
  key_usage_missing: (certificate) => isCa(certificate) && certificate.keyUsage === undefined,
  name_constraints_not_critical: (certificate) => isNotCritical(certificate, EXTENSION.nameConstraints),
  policy_constraints_not_critical: (certificate) => isNotCritical(certificate, EXTENSION.policyConstraints),
  inhibit_any_policy_not_critical: (certificate) => isNotCritical(certificate, EXTENSION.inhibitAnyPolicy),
  alternative_name_not_critical: (certificate) =>
    certificate.subjectRdns.length === 0 && isNotCritical(certificate, EXTENSION.subjectAltName),
  dns_name_syntax: ({ identity }) =>
    identity.subjectAltNames!.dns.some((name) => !isHostName(name.startsWith('*.') ? name.slice(2) : name)),
  authority_info_access_malformed: ({ fields: { extensions } }) => {
    const access = extensions.get(EXTENSION.authorityInfoAccess)
    return access !== undefined && !isAccessInfo(access.value)
  },
}

/**
 * Lists the requirements of RFC 5280 that a certificate violates, as far as path validation does not depend on them.
 * Many private PKIs violate some. Use it to test a CA.
 *
 * @param der one certificate
 * @returns the violated rules, in the order of {@link LintRule}
 * @throws CertificateInvalidError, DerInvalidError if the bytes are not a certificate
 * @example
 * ```ts
 * const { der } = await ca.issue({ dns: 'not_a_host.example' })
 * console.log(lintCertificate(der)) // [ 'dns_name_syntax' ]
 * ```
 */
export function lintCertificate (der: Uint8Array): readonly LintRule[] {
  return findLint(readWholeCertificate(der))
}

/** Like `lintCertificate`, for a parsed certificate. */
export function findLint (certificate: Certificate): readonly LintRule[] {
  return (Object.keys(RULES) as LintRule[]).filter((rule) => RULES[rule](certificate))
}

function isCa ({ basicConstraints }: Certificate): boolean {
  return basicConstraints?.ca === true
}

function has ({ fields }: Certificate, oid: string): boolean {
  return fields.extensions.has(oid)
}

function isNotCritical ({ fields }: Certificate, oid: string): boolean {
  return fields.extensions.get(oid)?.critical === false
}

/** RFC 1034 section 3.5, RFC 1123 section 2.1: no underscores, and no all-digit last label, as in an IP address. */
function isHostName (name: string): boolean {
  return isDomain(name) && !name.includes('_') && !/(?:^|\.)\d+$/.test(name)
}

function isAccessInfo (value: Uint8Array): boolean {
  try {
    const outer = new DerReader(value)
    const list = outer.enter(TAG.sequence)
    outer.finish()
    if (list.done) return false
    while (!list.done) {
      const description = list.enter(TAG.sequence)
      const method = description.expect(TAG.objectIdentifier)
      decodeObjectIdentifier(value, method.contentStart, method.end)
      readGeneralName(value, description.next())
      description.finish()
    }
    return true
  } catch {
    // Only the DER reader throws here: the value is malformed.
    return false
  }
}
