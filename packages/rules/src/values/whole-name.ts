import { NameInvalidError, parseDistinguishedName } from '@peerkit/identity'
import type { DistinguishedName, NameAttribute } from '@peerkit/identity'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import type { NameField } from './attribute.ts'
import { readText } from './text.ts'

const EXPECTED = 'a distinguished name in RFC 4514 form, such as CN=web,O=Example, or an object of attributes'

const FIELDS: { readonly [field in NameField]: CertificateField } = {
  subject: nameField('subject'),
  issuer: nameField('issuer'),
}

function nameField (field: NameField): CertificateField {
  return {
    name: field,
    segmented: false,
    read: ({ [field]: name }) => name === undefined ? undefined : [keyOf(name)]
  }
}

/** A whole name, compared like `equalDistinguishedNames` of @peerkit/identity. @throws RuleInvalidError */
export function readWholeName (field: NameField, value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, EXPECTED)
  if (text !== last.text) {
    const name = parseName(text, path)
    if (name.rdns.length === 0) refuseRule(path, 'empty', text, EXPECTED)
    last = { text, key: keyOf(name) }
  }
  return { field: FIELDS[field], key: last.key }
}

/** The last name that was read, because thousands of rules of one file may name the same issuer. */
let last: { readonly text: string, readonly key: string } = { text: '', key: '' }

function parseName (text: string, path: RulePath): DistinguishedName {
  try {
    return parseDistinguishedName(text)
  } catch (error) {
    if (!(error instanceof NameInvalidError)) throw error
    const hint = text.startsWith('/')
      ? 'separate attributes with commas, the most specific first'
      : error.message.slice(error.message.indexOf(': ') + 2)
    return refuseRule(path, 'invalid_value', text, EXPECTED, hint)
  }
}

/** Equal only for equal names: lengths tell where values end. The attributes of an RDN, a set, are sorted. */
function keyOf ({ rdns }: DistinguishedName): string {
  return rdns.map((rdn) => rdn.map(attributeKey).sort().join('+')).join(',')
}

function attributeKey ({ type, value, encoding }: NameAttribute): string {
  return `${type}${encoding === 'other' ? '#' : '='}${value.length}:${value}`
}
