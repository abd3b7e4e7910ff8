import type { ClaimKind } from '@peerkit/identity'
import { READABLE_KINDS, maskOf } from './claim-kinds.ts'
import { refuseRule } from './refuse-rule.ts'
import type { RulePath } from './rule-path.ts'

/** A named group of CAs, as rules need to know it when they are compiled. */
export interface RuleAuthority {
  /** What `authority` of a rule names, and `authority` of an identity says. */
  readonly name: string
  /** Set where it vouches for the other side alone: peers of these rules cannot come from it, and a rule cannot name it. */
  readonly only?: 'clients' | 'servers' | undefined
  /** Whether it vouches for a kind at all. */
  vouchesFor (kind: ClaimKind): boolean
  /**
   * Whether a value of a rule could be within its bounds. Undefined: that cannot be told, and counts as yes.
   *
   * @param value as a certificate has it; of `subject` an attribute, `<OID>=<value>`. Or what a rule has that stands for
   *   many: a SPIFFE ID without a path, for its trust domain; a pattern of `dns`, `spiffe` or `uri`; a range of `ip`.
   *   Then the question is whether any of them could be within bounds.
   */
  mayClaim (kind: ClaimKind, value: string): boolean | undefined
}

/** Authorities that rules are checked against. What each vouches for at all is asked once. */
export class Authorities {
  readonly list: readonly RuleAuthority[]
  /** The place of each in the list. */
  readonly byName: ReadonlyMap<string, number>
  /** Those that vouch for the other side alone: whom each vouches for. */
  readonly elsewhere: ReadonlyMap<string, 'clients' | 'servers'>
  readonly #masks: readonly number[]

  constructor (all: readonly RuleAuthority[]) {
    const list = all.filter(isAsked)
    this.list = list
    this.elsewhere = new Map(all.flatMap(({ name, only }) => only === undefined ? [] : [[name, only]]))
    this.byName = new Map(list.map(({ name }, index) => [name, index]))
    this.#masks = list.map((one) => maskOf(...READABLE_KINDS.filter((kind) => one.vouchesFor(kind))))
  }

  /** The kinds that an authority vouches for, see `maskOf`. */
  kindsOf (index: number): number {
    return this.#masks[index] as number
  }

  nameOf (index: number): string {
    return (this.list[index] as RuleAuthority).name
  }
}

function isAsked ({ only }: RuleAuthority): boolean {
  return only === undefined
}

const EXPECTED = 'an array of authorities, each with name, vouchesFor and mayClaim'

/** The option `authorities`, checked. @throws MTLS_ERR_RULE_INVALID */
export function readAuthorities (value: readonly RuleAuthority[] | undefined, path: RulePath): Authorities | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) refuseRule(path, 'wrong_type', value, EXPECTED)
  if (value.length === 0) refuseRule(path, 'empty', value, 'at least one authority')
  const names = new Set<string>()
  for (const [index, one] of (value as readonly (Partial<RuleAuthority> | null | undefined)[]).entries()) {
    const at = path.at(index)
    if (typeof one !== 'object' || one === null) refuseRule(at, 'wrong_type', one, EXPECTED)
    const { name, only } = one
    if (typeof name !== 'string') refuseRule(at.at('name'), 'wrong_type', name, 'a text')
    if (name === '') refuseRule(at.at('name'), 'empty', name, 'a text')
    if (names.has(name)) refuseRule(at.at('name'), 'duplicate_key', name, 'each authority once')
    names.add(name)
    if (only !== undefined && only !== 'clients' && only !== 'servers') {
      refuseRule(at.at('only'), 'invalid_value', only, '"clients", "servers" or undefined')
    }
    for (const method of ['vouchesFor', 'mayClaim'] as const) {
      if (typeof one[method] !== 'function') refuseRule(at.at(method), 'wrong_type', one[method], 'a function')
    }
  }
  // Nobody whom the rules are about has an authority: there is none to check against.
  return value.some(isAsked) ? new Authorities([...value]) : undefined
}
