import { isSpiffe, parseDistinguishedName, resolveAttributeType } from '@peerkit/identity'
import type { ClaimKind } from '@peerkit/identity'
import { KIND_OF_KEY, maskOf } from './claim-kinds.ts'
import type { ParsedKey } from './parsed-rule.ts'
import type { Authorities, RuleAuthority } from './rule-authority.ts'
import type { RuleKey } from './rule-keys.ts'
import { parseIp, renderIp } from './values/ip-address.ts'

/** A name that a certificate must have to match a value of a rule, or a pattern or range of such names. */
interface Claim {
  readonly kind: ClaimKind
  readonly value: string
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
  return alternative.every((claims) => claims.some(({ kind, value }) => {
    return (maskOf(kind) & vouched) !== 0 && authority.mayClaim(kind, value) !== false
  }))
}

function readClaim (key: RuleKey, text: string): Claim {
  const attribute = ATTRIBUTES.get(key)
  if (attribute !== undefined) return { kind: 'subject', value: `${attribute}=${text}` }
  switch (key) {
    case 'uri': return { kind: isSpiffe(text) ? 'spiffe' : 'uri', value: text }
    case 'dns': return { kind: 'dns', value: text.toLowerCase() }
    case 'ip': return { kind: 'ip', value: readIp(text) }
    default: return { kind: KIND_OF_KEY.get(key) as ClaimKind, value: text }
  }
}

/** An address in its usual spelling. A range stays as it is written. */
function readIp (text: string): string {
  const address = text.includes('/') ? undefined : parseIp(text)
  return address === undefined ? text : renderIp(address)
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
