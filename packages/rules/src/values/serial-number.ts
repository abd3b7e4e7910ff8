import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readText } from './text.ts'

const EXPECTED = 'a serial number in hex digits, with or without colons between pairs'
const HEX = /^(?:[0-9a-f]+|[0-9a-f]{2}(?::[0-9a-f]{2})+)$/i
/** A negative serial number, which is always shown in whole octets. Zero is not negative. */
const NEGATIVE = /^-(?=[0:]*[1-9a-f])[0-9a-f]{2}(?::?[0-9a-f]{2})*$/i

const FIELD: CertificateField = {
  name: 'serialNumber',
  segmented: false,
  read: ({ serialNumber }) => serialNumber === undefined ? undefined : [serialNumber]
}

/** A serial number, with `-` in front of a negative one. Leading zeros are ignored. @throws RuleInvalidError */
export function readSerialNumber (value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, typeof value === 'number' ? `${EXPECTED}, as a string` : EXPECTED)
  if (!HEX.test(text) && !NEGATIVE.test(text)) refuseRule(path, 'invalid_value', text, EXPECTED)
  const sign = text.startsWith('-') ? '-' : ''
  const digits = text.slice(sign.length).replaceAll(':', '').toLowerCase().replace(/^0+(?=.)/, '')
  // PeerIdentity has whole octets, at most 64 of them.
  if (digits.length > 128) refuseRule(path, 'never_matches', text, EXPECTED, 'a serial number has at most 64 octets')
  return { field: FIELD, key: `${sign}${digits.length % 2 === 0 ? digits : `0${digits}`}` }
}
