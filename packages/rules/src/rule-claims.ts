import { isSpiffe, parseDistinguishedName, resolveAttributeType } from '@peerkit/identity'
import type { ClaimKind } from '@peerkit/identity'
import { KIND_OF_KEY, maskOf } from './claim-kinds.ts'
import type { ParsedKey } from './parsed-rule.ts'
import type { Authorities, RuleAuthority } from './rule-authority.ts'
import type { RuleKey } from './rule-keys.ts'
import { parseIp, renderIp } from './values/ip-address.ts'

/** A name that a certificate must have to match a value of a rule. */
interface Claim {
  readonly kind: ClaimKind
  readonly value: string
  /** The pattern or range in the rule, if it is one. Then `value` is its literal part. */
  readonly pattern?: string
}

/** The claims of one value: any claim of each list. */
type Alternative = readonly (readonly Claim[])[]

/** The claims of one key. */
export interface KeyClaims {
  readonly key: ParsedKey
  /** One for each value. */
  readonly alternatives: readonly Alternative[]
}

const ATTRIBUTES: ReadonlyMap<RuleKey, string> = new Map<RuleKey, string>([
  ['commonName', '2.5.4.3'], ['organization', '2.5.4.10'], ['organizationalUnit', '2.5.4.11'],
])

/** The claims of every key that depends on what the authority vouches for. */
export function listClaims (keys: readonly ParsedKey[]): readonly KeyClaims[] {
  return keys.filter(({ key }) => KIND_OF_KEY.has(key)).map((key) => ({
    key,
    alternatives: key.values.map((value) => {
      if (key.key === 'subject') return typeof value === 'string' ? readName(value) : readAttributes(value as object)
      return [[readClaim(key.key, value as string)]]
    }),
  }))
}

/** Whether an authority may claim one value. For a pattern or range, any name that it covers is enough. */
export function mayClaim (alternative: Alternative, authorities: Authorities, index: number): boolean {
  const authority = authorities.list[index] as RuleAuthority
  const vouched = authorities.kindsOf(index)
  return alternative.every((claims) => claims.some(({ kind, value, pattern }) => {
    if ((maskOf(kind) & vouched) === 0) return false
    return authority.mayClaim(kind, value) !== false ||
      (pattern !== undefined && authority.mayClaim(kind, pattern) !== false)
  }))
}

function readClaim (key: RuleKey, text: string): Claim {
  const attribute = ATTRIBUTES.get(key)
  if (attribute !== undefined) return { kind: 'subject', value: `${attribute}=${text}` }
  switch (key) {
    case 'spiffe': return { kind: 'spiffe', value: text }
    case 'uri': return readUri(text)
    case 'dns': return readDns(text.toLowerCase())
    case 'ip': return readIp(text)
    default: return { kind: KIND_OF_KEY.get(key) as ClaimKind, value: text }
  }
}

function readDns (text: string): Claim {
  return text.startsWith('*.') ? { kind: 'dns', value: text.slice(2), pattern: text } : { kind: 'dns', value: text }
}

function readUri (text: string): Claim {
  if (isSpiffe(text)) return { kind: 'spiffe', value: text }
  return text.includes('*') ? { kind: 'uri', value: originOf(text), pattern: text } : { kind: 'uri', value: text }
}

/** The scheme and the host of a pattern. They never have a wildcard. */
function originOf (pattern: string): string {
  return pattern.split('/', 3).join('/')
}

function readIp (text: string): Claim {
  const [address = '', prefix] = text.split('/')
  const parsed = parseIp(address)
  const value = parsed === undefined ? address : renderIp(parsed)
  return prefix === undefined ? { kind: 'ip', value } : { kind: 'ip', value, pattern: text }
}

/** Leaves out values that are not text: they cannot be compared with bounds. */
function readName (text: string): Alternative {
  return parseDistinguishedName(text).rdns.flat().filter(({ encoding }) => encoding !== 'other')
    .map(({ type, value }) => [{ kind: 'subject', value: `${type}=${value}` }])
}

function readAttributes (attributes: object): Alternative {
  return Object.entries(attributes).map(([name, values]) => [values as string | readonly string[]].flat()
    .map((value) => ({ kind: 'subject', value: `${resolveAttributeType(name) ?? name}=${value}` })))
}
