import type { PeerIdentity } from '@peerkit/identity'
import { RuleInvalidError } from '../errors.ts'
import type { LiteralReader } from '../match/bound-condition.ts'
import { RULE_KEYS } from './rule-keys.ts'
import type { RuleKey } from './rule-keys.ts'
import { RulePath } from './rule-path.ts'
import type { FieldValue } from './values/field-value.ts'
import { readAttribute, readWholeName } from './values/name.ts'
import type { NameField } from './values/name.ts'

/** The keys whose values may come from the request. Another key is refused: its values are not plain text. */
const BINDABLE: ReadonlySet<RuleKey> = new Set<RuleKey>([
  'commonName', 'organization', 'organizationalUnit', 'dns', 'uri', 'spiffe', 'email', 'ip', 'serialNumber',
  'fingerprint', 'publicKey', 'policy', 'extendedKeyUsage', 'authority'
])

/** Errors of it are never shown. */
const PATH = new RulePath('request')

/** How values of a key are read from a request; `undefined` if they cannot be. */
export function literalOf (key: RuleKey): LiteralReader | undefined {
  if (!BINDABLE.has(key)) return undefined
  const { read, find, attribute } = RULE_KEYS[key]
  if (attribute !== undefined) return literalOfAttribute('subject', attribute)
  return {
    key,
    read: (text) => readLiteral(read as NonNullable<typeof read>, text),
    count: (peer) => find(peer)?.length
  }
}

/** The same for an attribute of a name. Attributes that are not text count too. */
export function literalOfAttribute (field: NameField, oid: string): LiteralReader {
  return {
    key: `${field}:${oid}`,
    read: (text) => readLiteral((value, path) => readAttribute(field, oid, value, path), text),
    count: (peer) => peer[field]?.rdns.flat().filter(({ type }) => type === oid).length
  }
}

/** The same for a whole name, of which a certificate has one. */
export function literalOfName (field: NameField): LiteralReader {
  return {
    key: field,
    read: (text) => readLiteral((value, path) => readWholeName(field, value, path), text),
    count: (peer: PeerIdentity) => peer[field] === undefined ? undefined : 1
  }
}

/** Reads a text as a rule would, except that it must be one value: a client must not send a pattern. */
function readLiteral (read: (value: unknown, path: RulePath) => FieldValue, text: string): FieldValue | undefined {
  try {
    const value = read(text, PATH)
    return value.field.segmented || value.field.coversMany === true ? undefined : value
  } catch (error) {
    if (error instanceof RuleInvalidError) return undefined
    throw error
  }
}
