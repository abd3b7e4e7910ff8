import { isObjectIdentifier } from '@peerkit/identity'
import { anything, choice, count, defineOptions, flag, list, required, text, valueOf } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import { KEY_USAGE } from '@peerkit/identity/x509'
import { ENCODERS } from './certificate/distinguished-name.ts'
import { PURPOSES } from './certificate/extensions.ts'
import { DevCaOptionError } from './errors.ts'
import type {
  AdmissionOption, CaOptions, CrlOptions, IssueOptions, QualifiedOption, RevokeOptions, ValidityOptions
} from './options.ts'

const isText = (value: unknown): value is string => typeof value === 'string'
const listOf = (accepts: (value: unknown) => boolean) => (value: unknown): boolean => Array.isArray(value) &&
  value.every(accepts)
const isOid = (value: unknown): boolean => isText(value) && isObjectIdentifier(value)
// GeneralizedTime has a year of four digits (RFC 5280 section 4.1.2.5.2).
const isDate = (value: unknown): boolean => value instanceof Date &&
  value.getUTCFullYear() >= 0 &&
  value.getUTCFullYear() <= 9999
const isValue = (value: unknown): boolean => {
  if (value instanceof Uint8Array || isDate(value) || Number.isSafeInteger(value)) return true
  if (['string', 'boolean', 'bigint'].includes(typeof value)) return true
  const { oid, octets } = Object(value)
  return oid === undefined ? octets instanceof Uint8Array : isOid(oid)
}
const isOtherName = (value: unknown): boolean => {
  const { oid, value: content } = Object(value)
  return isOid(oid) && isValue(content)
}
const isExtension = (value: unknown): boolean => {
  return isOtherName(value) && ['boolean', 'undefined'].includes(typeof Object(value).critical)
}
const isAttribute = (value: unknown): boolean => {
  const { type, value: content, encoding } = Object(value)
  return isText(type) && isText(content) && (encoding === undefined || ENCODINGS.includes(encoding))
}
const ENCODINGS: readonly unknown[] = Object.keys(ENCODERS)

const VALUE = 'a string, number, boolean, Date, Uint8Array, { oid } or { octets } as value'

const string = text('a string', true)
const texts = valueOf(
  'a string or a list of strings',
  (value) => isText(value) || listOf(isText)(value)
)
const date = valueOf('a valid Date up to the year 9999', isDate)
const extensions = valueOf(
  `a list of { oid, critical?, value } with a dotted OID and ${VALUE}`,
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
  otherName: valueOf(
    `{ oid, value } or a list of them, with a dotted OID and ${VALUE}`,
    (value) => Array.isArray(value) ? value.every(isOtherName) : isOtherName(value)
  ),
  registeredId: valueOf('a dotted OID or a list of them', (value) => isOid(value) || listOf(isOid)(value)),
  qualified: anything,
  admission: anything,
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
  keyUsage: list('key usages', choice(...Object.keys(KEY_USAGE))),
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

const ISSUE_OPTIONS = defineOptions<IssueOptions>('issue', DevCaOptionError, ISSUE)
const QUALIFIED = defineOptions<QualifiedOption>('qualified', DevCaOptionError, {
  compliance: flag, type: texts, psd2: anything
})
const PSD2 = defineOptions<NonNullable<QualifiedOption['psd2']>>('psd2', DevCaOptionError, {
  roles: required(texts), authority: required(text('an NCAId such as DE-BAFIN')), authorityName: text('a name')
})
const ADMISSION = defineOptions<AdmissionOption>('admission', DevCaOptionError, {
  profession: texts,
  professionOid: valueOf('a dotted OID or a list of them', (value) => isOid(value) || listOf(isOid)(value)),
  registrationNumber: text('a registration number')
})

/** Each throws DevCaOptionError with the option, what was found and what was expected. */
export const checkCaOptions: (options: unknown) => void = defineOptions('createDevCa', DevCaOptionError, CA).check
export function checkIssueOptions (options: unknown): void {
  ISSUE_OPTIONS.check(options)
  const { qualified, admission } = options as IssueOptions
  if (qualified !== undefined) {
    QUALIFIED.check(qualified, 'qualified')
    if (qualified.psd2 !== undefined) PSD2.check(qualified.psd2, 'qualified.psd2')
  }
  if (Array.isArray(admission)) admission.forEach((one, index) => { ADMISSION.check(one, `admission[${index}]`) })
  else if (admission !== undefined) ADMISSION.check(admission, 'admission')
}
export const checkCrlOptions: (options: unknown) => void = defineOptions('crl', DevCaOptionError, CRL).check
export const checkRevokeOptions: (options: unknown) => void = defineOptions(
  'revoke', DevCaOptionError, REVOKE
).check
