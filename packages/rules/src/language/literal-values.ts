import type { LiteralReader } from '../match/bound-condition.ts'
import { RULE_KEYS } from './rule-keys.ts'
import type { RuleKey } from './rule-keys.ts'
import { literalOfAttribute, literalOfName, readLiteral } from './values/literal.ts'

/** The keys whose values may come from the request. Another key is refused: its values are no names, or not text. */
const BINDABLE: ReadonlySet<RuleKey> = new Set<RuleKey>([
  'commonName', 'organization', 'organizationalUnit', 'dns', 'uri', 'spiffe', 'trustDomain', 'email', 'ip', 'upn',
  'registeredId', 'serialNumber', 'fingerprint', 'publicKey', 'policy', 'extendedKeyUsage', 'authority'
])

/** How values of a key are read from a request; `undefined` if they cannot be. */
export function literalOf (key: RuleKey): LiteralReader | undefined {
  if (key === 'subject' || key === 'issuer' || key === 'directoryName') return literalOfName(key)
  if (!BINDABLE.has(key)) return undefined
  const { read, find, attribute } = RULE_KEYS[key]
  if (attribute !== undefined) return literalOfAttribute('subject', attribute)
  return {
    key,
    read: (text) => readLiteral(read as NonNullable<typeof read>, text),
    count: (peer) => find(peer, [])?.length
  }
}
