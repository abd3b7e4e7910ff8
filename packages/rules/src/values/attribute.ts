import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readText } from './text.ts'

/** Which of the two names is meant. */
export type NameField = 'subject' | 'issuer'

/** An exact attribute value, anywhere in the name. @throws RuleInvalidError */
export function readAttribute (field: NameField, oid: string, value: unknown, path: RulePath): FieldValue {
  return { field: attributeField(field, oid), key: readText(value, path, 'a string') }
}

const fields = new Map<string, CertificateField>()

function attributeField (field: NameField, oid: string): CertificateField {
  const name = `${field}:${oid}`
  const known = fields.get(name)
  if (known !== undefined) return known
  const read = (peer: PeerIdentity): readonly string[] | undefined => listTexts(peer[field], oid)
  const created: CertificateField = { name, segmented: false, read }
  // Enough for the types that rules use in practice. The limit keeps arbitrary OIDs from filling the memory.
  if (fields.size < 256) fields.set(name, created)
  return created
}

/** Values that are not text (`other`) never match. */
function listTexts (name: DistinguishedName | undefined, oid: string): readonly string[] | undefined {
  if (name === undefined) return undefined
  const texts: string[] = []
  for (const rdn of name.rdns) {
    for (const { type, value, encoding } of rdn) if (type === oid && encoding !== 'other') texts.push(value)
  }
  return texts
}
