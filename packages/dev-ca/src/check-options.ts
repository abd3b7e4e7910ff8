import { isObjectIdentifier } from '@peerkit/identity'
import { count, defineOptions, flag, list, text, valueOf } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import { ENCODERS } from './certificate/distinguished-name.ts'
import { PURPOSES } from './certificate/extensions.ts'
import { DevCaOptionError } from './errors.ts'
import type { CaOptions, CrlOptions, IssueOptions, RevokeOptions, ValidityOptions } from './options.ts'

const isText = (value: unknown): value is string => typeof value === 'string'
const listOf = (accepts: (value: unknown) => boolean) => (value: unknown): boolean => Array.isArray(value) &&
  value.every(accepts)
const isOid = (value: unknown): boolean => isText(value) && isObjectIdentifier(value)
// GeneralizedTime has a year of four digits (RFC 5280 section 4.1.2.5.2).
const isDate = (value: unknown): boolean => value instanceof Date &&
  value.getUTCFullYear() >= 0 &&
  value.getUTCFullYear() <= 9999
const isExtension = (value: unknown): boolean => {
  const { oid, critical, value: content } = Object(value)
  return isOid(oid) && content instanceof Uint8Array && ['boolean', 'undefined'].includes(typeof critical)
}
const isAttribute = (value: unknown): boolean => {
  const { type, value: content, encoding } = Object(value)
  return isText(type) && isText(content) && (encoding === undefined || ENCODINGS.includes(encoding))
}
const ENCODINGS: readonly unknown[] = Object.keys(ENCODERS)

const string = text('a string', true)
const texts = valueOf(
  'a string or a list of strings',
  (value) => isText(value) || listOf(isText)(value)
)
const date = valueOf('a valid Date up to the year 9999', isDate)
const extensions = valueOf(
  'a list of { oid, critical?, value } with a dotted OID and a Uint8Array',
  listOf(isExtension)
)
const name = valueOf(
  `a list of { type, value, encoding? }, or of lists of them, with an encoding of ${ENCODINGS.join(', ')}`,
  listOf((rdn) => Array.isArray(rdn) ? rdn.length > 0 && rdn.every(isAttribute) : isAttribute(rdn))
)

const VALIDITY: OptionTypes<ValidityOptions> = {
  days: valueOf('a number greater than 0', (value) => Number.isFinite(value) && (value as number) > 0),
  notBefore: date,
  notAfter: date
}
const CA: OptionTypes<CaOptions> = {
  ...VALIDITY, name: string, subject: name, key: string, pathLength: count(), extensions
}
const ISSUE: OptionTypes<IssueOptions> = {
  ...VALIDITY,
  profile: string,
  cn: string,
  o: texts,
  ou: texts,
  subject: name,
  dns: texts,
  ip: texts,
  uri: texts,
  spiffe: string,
  email: texts,
  upn: texts,
  directoryName: name,
  key: string,
  serialNumber: valueOf(
    '1 to 20 bytes greater than 0, in hexadecimal',
    (value) => isText(value) && /^([0-9a-f]{2}){1,20}$/i.test(value) && /[^0]/.test(value)
  ),
  policies: list('OIDs', valueOf('a dotted OID', isOid)),
  crlUrls: list('strings', string),
  ocspUrls: list('strings', string),
  extendedKeyUsage: list('OIDs and names of purposes', valueOf(
    `a dotted OID or one of ${Object.keys(PURPOSES).join(', ')}`,
    (value) => isOid(value) || Object.hasOwn(PURPOSES, String(value))
  )),
  checkNames: flag,
  ca: flag,
  extensions
}
const CRL: OptionTypes<CrlOptions> = {
  thisUpdate: date,
  nextUpdate: valueOf(`${date.expected}, or null`, (value) => value === null || isDate(value)),
  number: count(),
  deltaBase: count()
}
const REVOKE: OptionTypes<RevokeOptions> = { reason: string, date }

/** Each throws DevCaOptionError with the option, what was found and what was expected. */
export const checkCaOptions: (options: unknown) => void = defineOptions('createDevCa', DevCaOptionError, CA).check
export const checkIssueOptions: (options: unknown) => void = defineOptions('issue', DevCaOptionError, ISSUE).check
export const checkCrlOptions: (options: unknown) => void = defineOptions('crl', DevCaOptionError, CRL).check
export const checkRevokeOptions: (options: unknown) => void = defineOptions(
  'revoke', DevCaOptionError, REVOKE
).check
