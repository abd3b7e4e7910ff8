import { isObjectIdentifier } from '../der/object-identifier.ts'

/**
 * Descriptors of RFC 4514 section 3 and the LDAP registry, then those of OpenSSL, Java and CAs. The first one of an
 * OID is used for output.
 */
const DESCRIPTORS: readonly (readonly [oid: string, ...names: string[]])[] = [
  ['2.5.4.3', 'CN', 'commonName'],
  ['2.5.4.4', 'SN', 'surname'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C', 'countryName', 'country'],
  ['2.5.4.7', 'L', 'localityName', 'locality'],
  ['2.5.4.8', 'ST', 'stateOrProvinceName', 'stateOrProvince', 'S'],
  ['2.5.4.9', 'STREET', 'streetAddress'],
  ['2.5.4.10', 'O', 'organizationName', 'organization'],
  ['2.5.4.11', 'OU', 'organizationalUnitName', 'organizationalUnit'],
  ['2.5.4.12', 'title', 'T'],
  ['2.5.4.13', 'description'],
  ['2.5.4.15', 'businessCategory'],
  ['2.5.4.17', 'postalCode'],
  ['2.5.4.41', 'name'],
  ['2.5.4.42', 'givenName', 'GN'],
  ['2.5.4.43', 'initials'],
  ['2.5.4.44', 'generationQualifier', 'generation'],
  ['2.5.4.45', 'x500UniqueIdentifier'],
  ['2.5.4.46', 'dnQualifier', 'DNQ'],
  ['2.5.4.65', 'pseudonym'],
  ['2.5.4.97', 'organizationIdentifier'],
  ['0.9.2342.19200300.100.1.1', 'UID', 'userId'],
  ['0.9.2342.19200300.100.1.25', 'DC', 'domainComponent'],
  ['1.2.840.113549.1.9.1', 'emailAddress', 'E'],
  ['1.3.6.1.4.1.311.60.2.1.1', 'jurisdictionL', 'jurisdictionLocality'],
  ['1.3.6.1.4.1.311.60.2.1.2', 'jurisdictionST', 'jurisdictionStateOrProvince'],
  ['1.3.6.1.4.1.311.60.2.1.3', 'jurisdictionC', 'jurisdictionCountry'],
]

const oidByName = new Map<string, string>()
const nameByOid = new Map<string, string>()
for (const [oid, ...names] of DESCRIPTORS) {
  nameByOid.set(oid, names[0] as string)
  for (const name of names) oidByName.set(name.toLowerCase(), oid)
}

/**
 * The OID of an attribute type, which is given as a descriptor (`CN`, `commonName`, `OU`, … in any case) or in
 * dotted decimals (`2.5.4.3`, `OID.2.5.4.3`).
 *
 * @returns `undefined` if the name is neither
 * @example
 * ```ts
 * console.log(resolveAttributeType('organizationalUnit')) // 2.5.4.11
 * ```
 */
export function resolveAttributeType (name: string): string | undefined {
  const known = oidByName.get(name.toLowerCase())
  if (known !== undefined) return known
  const dotted = name.replace(/^oid\./i, '')
  return isObjectIdentifier(dotted) ? dotted : undefined
}

/**
 * The short descriptor of an attribute type (`CN` for `2.5.4.3`); `undefined` if there is none.
 *
 * @example
 * ```ts
 * console.log(describeAttributeType('2.5.4.11')) // OU
 * ```
 */
export function describeAttributeType (oid: string): string | undefined {
  return nameByOid.get(oid)
}

/**
 * All descriptors that `resolveAttributeType` knows, for suggestions in error messages.
 *
 * @example
 * ```ts
 * console.log(attributeTypeNames().includes('organizationalUnit')) // true
 * ```
 */
export function attributeTypeNames (): string[] {
  return DESCRIPTORS.flatMap(([, ...names]) => names)
}
