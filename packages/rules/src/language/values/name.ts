import { NameInvalidError, parseDistinguishedName } from '@peerkit/identity'
import type { DistinguishedName, NameAttribute, PeerIdentity } from '@peerkit/identity'
import { refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { readText } from './field-value.ts'
import type { CertificateField, FieldValue } from './field-value.ts'

/** Which names are meant. A certificate may have several directory names. */
export type NameField = 'subject' | 'issuer' | 'directoryName'

/** The names of a peer; `undefined` if they are unknown. */
export function listNames (peer: PeerIdentity, field: NameField): readonly DistinguishedName[] | undefined {
  if (field !== 'directoryName') {
    const { [field]: name } = peer
    return name === undefined ? undefined : [name]
  }
  const { subjectAltNames } = peer
  return subjectAltNames?.unknown.includes(field) === false ? subjectAltNames.directoryName : undefined
}

/** An exact attribute value, anywhere in the name. @throws RuleInvalidError */
export function readAttribute (field: NameField, oid: string, value: unknown, path: RulePath): FieldValue {
  return { field: attributeField(field, oid), key: readText(value, path, 'a string') }
}

const fields = new Map<string, CertificateField>()

function attributeField (field: NameField, oid: string): CertificateField {
  const name = `${field}:${oid}`
  const known = fields.get(name)
  if (known !== undefined) return known
  const read = (peer: PeerIdentity): readonly string[] | undefined => listAttributes(peer, field, oid)
  const created: CertificateField = { name, segmented: false, read }
  // Enough for the types that rules use in practice. The limit keeps arbitrary OIDs from filling the memory.
  if (fields.size < 256) fields.set(name, created)
  return created
}

/** The texts of an attribute in all names of a peer; `undefined` if the names are unknown. */
export function listAttributes (peer: PeerIdentity, field: NameField, oid: string): readonly string[] | undefined {
  if (field === 'directoryName') return listNames(peer, field)?.flatMap((name) => listTexts(name, oid))
  const { [field]: name } = peer
  return name === undefined ? undefined : listTexts(name, oid)
}

/** Values that are not text (`other`) never match. */
export function listTexts (name: DistinguishedName, oid: string): readonly string[] {
  const texts: string[] = []
  for (const rdn of name.rdns) {
    for (const { type, value, encoding } of rdn) if (type === oid && encoding !== 'other') texts.push(value)
  }
  return texts
}

const EXPECTED = 'a distinguished name in RFC 4514 form, such as CN=web,O=Example, or an object of attributes'

const FIELDS: { readonly [field in NameField]: CertificateField } = {
  subject: nameField('subject'),
  issuer: nameField('issuer'),
  directoryName: nameField('directoryName'),
}

function nameField (field: NameField): CertificateField {
  return {
    name: field,
    segmented: false,
    read: (peer) => listNames(peer, field)?.map(keyOf)
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
      : error.detail
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
