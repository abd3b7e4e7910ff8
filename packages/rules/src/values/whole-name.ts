import { MTLS_ERR_NAME_INVALID, parseDistinguishedName } from '@peerkit/identity'
import type { DistinguishedName, NameAttribute } from '@peerkit/identity'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import type { NameField } from './attribute.ts'
import { readText } from './text.ts'

const EXPECTED = 'a distinguished name as RFC 4514 writes it, such as CN=web,O=Example, or an object of attributes'

const FIELDS: { readonly [field in NameField]: CertificateField } = {
  subject: { name: 'subject', segmented: false, read: ({ subject }) => subject === undefined ? undefined : [keyOf(subject)] },
  issuer: { name: 'issuer', segmented: false, read: ({ issuer }) => issuer === undefined ? undefined : [keyOf(issuer)] },
}

/** A whole name, equal as `equalDistinguishedNames` of @peerkit/identity says. @throws MTLS_ERR_RULE_INVALID */
export function readWholeName (field: NameField, value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, EXPECTED)
  if (text !== last.text) {
    const name = parseName(text, path)
    if (name.rdns.length === 0) refuseRule(path, 'empty', text, EXPECTED)
    last = { text, key: keyOf(name) }
  }
  return { field: FIELDS[field], key: last.key }
}

/** Thousands of rules of one file pin the same issuer: the name read last is kept. */
let last: { readonly text: string, readonly key: string } = { text: '', key: '' }

function parseName (text: string, path: RulePath): DistinguishedName {
  try {
    return parseDistinguishedName(text)
  } catch (error) {
    if (!(error instanceof MTLS_ERR_NAME_INVALID)) throw error
    return refuseRule(path, 'invalid_value', text, EXPECTED, text.startsWith('/') ? 'separate with commas, the most specific attribute first' : error.message.slice(error.message.indexOf(': ') + 2))
  }
}

/** Equal for equal names and only for them: lengths tell where a value ends, and the attributes of an RDN, a set, are sorted. */
function keyOf ({ rdns }: DistinguishedName): string {
  return rdns.map((rdn) => rdn.map(attributeKey).sort().join('+')).join(',')
}

function attributeKey ({ type, value, encoding }: NameAttribute): string {
  return `${type}${encoding === 'other' ? '#' : '='}${value.length}:${value}`
}
