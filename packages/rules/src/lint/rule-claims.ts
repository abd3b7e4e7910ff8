import { isSpiffe, parseDistinguishedName, resolveAttributeType } from '@peerkit/identity'
import type { ClaimKind } from '@peerkit/identity'
import type { OtherNameRule } from '../language/allow-rule.ts'
import type { ParsedKey } from '../language/parsed-rule.ts'
import { isRequestValue } from '../language/request-value.ts'
import { RULE_KEYS } from '../language/rule-keys.ts'
import type { RuleKey } from '../language/rule-keys.ts'
import { UPN } from '../language/values/alt-names.ts'
import { listExtensionOids } from '../language/values/extension.ts'
import { parseIp, renderIp } from '../language/values/ip.ts'
import { listQualifiedClaims } from '../language/values/qualified.ts'
import { maskOf } from './rule-authority.ts'
import type { Authorities, RuleAuthority } from './rule-authority.ts'

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

/** The authorities that are asked, each with the kinds that it vouches for. */
export type AskedAuthorities = Pick<Authorities, 'list' | 'kindsOf'>

/** The claims of every key that depends on what the authority vouches for. */
export function listClaims (keys: readonly ParsedKey[]): readonly KeyClaims[] {
  return keys.filter(({ key }) => RULE_KEYS[key].kind !== undefined).map((key) => ({
    key,
    alternatives: key.values.map((value) => {
      // Each request brings its own value, so any claim of the kind may do.
      if (isRequestValue(value)) return []
      return typeof value === 'string' ? readTextClaims(key.key, value) : readObjectClaims(key.key, value as object)
    }),
  }))
}

/** Whether an authority may claim one value. For a pattern or range, any name that it covers is enough. */
export function mayClaim (alternative: Alternative, authorities: AskedAuthorities, index: number): boolean {
  const authority = authorities.list[index] as RuleAuthority
  const vouched = authorities.kindsOf(index)
  return alternative.every((claims) => claims.some(({ kind, value }) => {
    return (maskOf(kind) & vouched) !== 0 && authority.mayClaim(kind, value) !== false
  }))
}

function readTextClaims (key: RuleKey, text: string): Alternative {
  return key === 'subject' || key === 'directoryName' ? readName(text) : [[readClaim(key, text)]]
}

function readObjectClaims (key: RuleKey, value: object): Alternative {
  switch (key) {
    case 'subject': case 'directoryName': return readAttributes(value)
    case 'qualified': return listQualifiedClaims(value).map((claims) => claims.map((value) => ({ kind: key, value })))
    case 'extension': return [listExtensionOids([value]).map((oid) => ({ kind: key, value: oid }))]
    case 'otherName': return listOtherNameClaims(value as OtherNameRule)
    default: return Object.entries(value).map(([part, values]) => [values as string | readonly string[]].flat()
      .map((text) => ({ kind: 'admission', value: `${part}=${text}` })))
  }
}

/** A bound on user principal names covers no other type. */
function listOtherNameClaims ({ oid, value }: OtherNameRule): Alternative {
  if (oid !== UPN) return [[{ kind: 'upn', value: `otherName ${oid}` }]]
  const values = value === undefined ? [] : [value].flat()
  if (values.some((one) => typeof one !== 'string') || values.length === 0) return []
  return [values.map((text) => ({ kind: 'upn', value: text as string }))]
}

function readClaim (key: RuleKey, text: string): Claim {
  const { attribute, kind } = RULE_KEYS[key]
  if (attribute !== undefined) return { kind: 'subject', value: `${attribute}=${text}` }
  switch (key) {
    case 'uri': return { kind: isSpiffe(text) ? 'spiffe' : 'uri', value: text }
    case 'trustDomain': return { kind: 'spiffe', value: `spiffe://${text}` }
    case 'dns': return { kind: 'dns', value: text.toLowerCase() }
    case 'ip': return { kind: 'ip', value: readIp(text) }
    default: return { kind: kind as ClaimKind, value: text }
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
  const entries = Object.entries(attributes).map(([name, values]) => [name, [values].flat() as unknown[]] as const)
  // Neither the parts of an organizationIdentifier nor values of the request can be compared with bounds.
  return entries.filter(([, values]) => values.every((value) => typeof value === 'string')).map(([name, values]) => {
    return values.map((value) => ({ kind: 'subject', value: `${resolveAttributeType(name) ?? name}=${String(value)}` }))
  })
}

/**
 * Asks authorities one by one whether they may claim the values of a rule. It stops when one may and, if rivals matter,
 * when two may claim the same value of every key. Two that may claim different values only are not rivals.
 */
export class RivalSearch {
  /** Whether any authority may claim a value of every key. */
  isPossible = false
  rivals: readonly [string, string] | undefined
  readonly #claims: readonly KeyClaims[]
  readonly #authorities: Authorities
  readonly #firstOnly: boolean
  /** By key and value: the first authority that may claim it. */
  readonly #claimants: (number | undefined)[][]
  #first: number | undefined

  /** @param firstOnly whether rivals do not matter */
  constructor (claims: readonly KeyClaims[], authorities: Authorities, firstOnly: boolean) {
    this.#claims = claims
    this.#authorities = authorities
    this.#firstOnly = firstOnly
    this.#claimants = firstOnly ? [] : claims.map(() => [])
  }

  /** @returns whether no other needs to be asked */
  ask (index: number): boolean {
    if (this.#firstOnly) {
      this.isPossible = mayClaimAll(this.#claims, this.#authorities, index)
      return this.isPossible
    }
    const rows: boolean[][] = []
    for (const { alternatives } of this.#claims) {
      const row = alternatives.map((one) => mayClaim(one, this.#authorities, index))
      if (!row.includes(true)) return false
      rows.push(row)
    }
    this.isPossible = true
    this.#first ??= index
    const others = rows.length === 0 ? [this.#first] : rows.map((row, key) => this.#enter(row, key, index))
    const [other] = others
    if (other === undefined || other === index || others.includes(undefined)) return false
    this.rivals = [this.#authorities.nameOf(other), this.#authorities.nameOf(index)]
    return true
  }

  /** Records which values an authority may claim. Returns another authority that may claim one of them. */
  #enter (row: readonly boolean[], key: number, index: number): number | undefined {
    const claimants = this.#claimants[key] as (number | undefined)[]
    let other: number | undefined
    for (const [value, may] of row.entries()) {
      if (!may) continue
      other ??= claimants[value]
      claimants[value] ??= index
    }
    return other
  }
}

/** Whether an authority may claim some value of every key. */
export function mayClaimAll (claims: readonly KeyClaims[], authorities: AskedAuthorities, index: number): boolean {
  return claims.every(({ alternatives }) => alternatives.some((one) => mayClaim(one, authorities, index)))
}
