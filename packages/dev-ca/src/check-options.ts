import { inspect } from 'node:util'
import { isObjectIdentifier } from '@peerkit/identity'
import { MTLS_ERR_DEV_CA_OPTION } from './errors.ts'
import { attributeTypes, purposes } from './oid.ts'
import type { CaOptions, IssueOptions, ValidityOptions } from './options.ts'
import type { CrlOptions, RevokeOptions } from './sign-crl.ts'

/** Describes the expected value, and checks a value. */
interface Expectation { readonly expected: string, accepts (value: unknown): boolean }
type Expectations<Options> = Readonly<Record<keyof Options, Expectation>>

const isText = (value: unknown): value is string => typeof value === 'string'
const listOf = (accepts: (value: unknown) => boolean) => (value: unknown): boolean => Array.isArray(value) &&
  value.every(accepts)
const isOid = (value: unknown): boolean => isText(value) && isObjectIdentifier(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
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
const ENCODINGS: readonly unknown[] = ['utf8', 'printable', 'ia5', 'bmp', 't61', 'universal']

const text: Expectation = { expected: 'a string', accepts: isText }
const texts: Expectation = {
  expected: 'a string or an array of strings',
  accepts: (value) => isText(value) || listOf(isText)(value)
}
const flag: Expectation = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' }
const count: Expectation = { expected: 'an integer of at least 0', accepts: isCount }
const date: Expectation = { expected: 'a valid Date up to the year 9999', accepts: isDate }
const extensions: Expectation = {
  expected: 'an array of { oid, critical?, value } with a dotted OID and a Uint8Array',
  accepts: listOf(isExtension)
}
const name: Expectation = {
  expected: `an array of { type, value, encoding? }, or of arrays of them, with an encoding of ${ENCODINGS.join(', ')}`,
  accepts: listOf((rdn) => Array.isArray(rdn) ? rdn.length > 0 && rdn.every(isAttribute) : isAttribute(rdn))
}

const VALIDITY: Expectations<ValidityOptions> = {
  days: { expected: 'a number greater than 0', accepts: (value) => Number.isFinite(value) && (value as number) > 0 },
  notBefore: date,
  notAfter: date
}
const CA: Expectations<CaOptions> = { ...VALIDITY, name: text, subject: name, key: text, pathLength: count, extensions }
const ISSUE: Expectations<IssueOptions> = {
  ...VALIDITY,
  profile: text,
  cn: text,
  o: texts,
  ou: texts,
  subject: name,
  dns: texts,
  ip: texts,
  uri: texts,
  spiffe: text,
  email: texts,
  upn: texts,
  directoryName: name,
  key: text,
  serialNumber: {
    expected: '1 to 20 bytes greater than 0, in hexadecimal',
    accepts: (value) => isText(value) && /^([0-9a-f]{2}){1,20}$/i.test(value) && /[^0]/.test(value)
  },
  policies: { expected: 'an array of dotted OIDs', accepts: listOf(isOid) },
  crlUrls: { expected: 'an array of strings', accepts: listOf(isText) },
  ocspUrls: { expected: 'an array of strings', accepts: listOf(isText) },
  extendedKeyUsage: {
    expected: `an array of dotted OIDs or of ${Object.keys(purposes).join(', ')}`,
    accepts: listOf((value) => isOid(value) || Object.hasOwn(purposes, String(value)))
  },
  checkNames: flag,
  ca: flag,
  extensions
}
const CRL: Expectations<CrlOptions> = {
  thisUpdate: date,
  nextUpdate: { ...date, expected: `${date.expected}, or null`, accepts: (value) => value === null || isDate(value) },
  number: count,
  deltaBase: count
}
const REVOKE: Expectations<RevokeOptions> = { reason: text, date }

/** Each throws MTLS_ERR_DEV_CA_OPTION with the option, what was found and what was expected. */
export const checkCaOptions: (options: unknown) => void = check(CA)
export const checkIssueOptions: (options: unknown) => void = check(ISSUE)
export const checkCrlOptions: (options: unknown) => void = check(CRL)
export const checkRevokeOptions: (options: unknown) => void = check(REVOKE)

function check (expectations: Readonly<Record<string, Expectation>>): (options: unknown) => void {
  return (options) => {
    if (typeof options !== 'object' || options === null) {
      throw new MTLS_ERR_DEV_CA_OPTION(`options are ${inspect(options)}; expected an object`)
    }
    for (const [key, value] of Object.entries(options)) {
      const expectation = Object.hasOwn(expectations, key) ? expectations[key] : undefined
      if (expectation === undefined) {
        throw new MTLS_ERR_DEV_CA_OPTION(
          `unknown option "${key}"; expected one of ${Object.keys(expectations).join(', ')}`
        )
      }
      if (value !== undefined && !expectation.accepts(value)) {
        throw new MTLS_ERR_DEV_CA_OPTION(
          `${key} is ${inspect(value, { breakLength: Infinity })}; expected ${expectation.expected}`
        )
      }
    }
  }
}

/**
 * The OID of an attribute type, given as a short name or as an OID. @throws MTLS_ERR_DEV_CA_OPTION for anything else
 */
export function resolveAttributeType (type: string): string {
  const oid = Object.hasOwn(attributeTypes, type) ? attributeTypes[type] ?? '' : type
  if (!isObjectIdentifier(oid)) {
    throw new MTLS_ERR_DEV_CA_OPTION(
      `attribute type is "${type}"; expected a dotted OID or one of ${Object.keys(attributeTypes).join(', ')}`
    )
  }
  return oid
}
