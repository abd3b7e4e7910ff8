import type { ClaimKind } from '@peerkit/identity'
import { listWords, suggestNearest } from '@peerkit/identity/internal'
import { refuseRule } from '../language/rule-path.ts'
import type { RulePath } from '../language/rule-path.ts'

/** The kinds of claims that rules can match, in the order of messages. */
export const READABLE_KINDS: readonly ClaimKind[] = [
  'subject', 'spiffe', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission',
  'extension'
]

/** A set of kinds, as a number with a bit for each, because it is compared for every rule and authority. */
export function maskOf (...kinds: readonly ClaimKind[]): number {
  return kinds.reduce((mask, kind) => mask | (1 << READABLE_KINDS.indexOf(kind)), 0)
}

/** The kinds of a set as text: `subject and dns`. */
export function listKinds (mask: number): string {
  return listWords(READABLE_KINDS.filter((_, bit) => (mask >> bit) & 1))
}

/** A named group of CAs, as `compileRules` needs to know it. */
export interface RuleAuthority {
  /** Its name, as in `authority` of a rule and of an identity. */
  readonly name: string
  /** Set if it vouches for the other side only. Then peers of these rules cannot come from it, nor a rule name it. */
  readonly only?: 'clients' | 'servers' | undefined
  /**
   * Set if it is not one authority, but stands for those that may be added while the process runs, such as federated
   * trust domains: whether one of them may have this name. A rule that no other authority satisfies gets a warning.
   */
  awaits?: ((name: string) => boolean) | undefined
  /** Whether it vouches for names of this kind at all. */
  vouchesFor (kind: ClaimKind): boolean
  /**
   * Whether a value of a rule can be within its bounds. Undefined means unknown and counts as yes.
   *
   * @param value as in a certificate; for `subject` an attribute as `<OID>=<value>`, for `qualified` and
   *   `admission` a part as `<part>=<value>`, for `extension` its OID. It may also cover many names: a
   *   SPIFFE ID without a path for its trust domain, a pattern of `dns`, `spiffe` or `uri`, or a range of `ip`. Then
   *   any of these names is enough.
   */
  mayClaim (kind: ClaimKind, value: string): boolean | undefined
}

/** The authorities that rules are checked against. `vouchesFor` is called only once for each kind. */
export class Authorities {
  readonly list: readonly RuleAuthority[]
  /** The index of each authority in the list. */
  readonly byName: ReadonlyMap<string, number>
  /** The authorities that vouch for the other side only, and for which side. */
  readonly elsewhere: ReadonlyMap<string, 'clients' | 'servers'>
  /** Those that may be added later, each of which stands for any number of them. */
  readonly awaited: readonly RuleAuthority[]
  readonly #masks: readonly number[]

  constructor (all: readonly RuleAuthority[]) {
    const list = all.filter((one) => isAsked(one) && one.awaits === undefined)
    this.list = list
    this.awaited = all.filter(({ awaits }) => awaits !== undefined)
    this.elsewhere = new Map(all.flatMap(({ name, only }) => only === undefined ? [] : [[name, only]]))
    this.byName = new Map(list.map(({ name }, index) => [name, index]))
    this.#masks = list.map(kindsOf)
  }

  /** The kinds that an authority vouches for, see `maskOf`. */
  kindsOf (index: number): number {
    return this.#masks[index] as number
  }

  /** Whether an authority of this name may be added. There is none yet. */
  awaits (name: string): boolean {
    return !this.byName.has(name) && !this.elsewhere.has(name) && this.awaited.some(({ awaits }) => awaits?.(name))
  }

  nameOf (index: number): string {
    return (this.list[index] as RuleAuthority).name
  }
}

/** The kinds that an authority vouches for, see `maskOf`. */
export function kindsOf (authority: RuleAuthority): number {
  return maskOf(...READABLE_KINDS.filter((kind) => authority.vouchesFor(kind)))
}

function isAsked ({ only }: RuleAuthority): boolean {
  return only === undefined
}

const EXPECTED = 'an array of authorities, each with name, vouchesFor and mayClaim'

/** The option `authorities`, checked. @throws RuleInvalidError */
export function readAuthorities (value: readonly RuleAuthority[] | undefined, path: RulePath): Authorities | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) refuseRule(path, 'wrong_type', value, EXPECTED)
  if (value.length === 0) refuseRule(path, 'empty', value, 'at least one authority')
  const names = new Set<string>()
  for (const [index, one] of (value as readonly (Partial<RuleAuthority> | null | undefined)[]).entries()) {
    const at = path.at(index)
    if (typeof one !== 'object' || one === null) refuseRule(at, 'wrong_type', one, EXPECTED)
    const { name, only } = one
    if (typeof name !== 'string') refuseRule(at.at('name'), 'wrong_type', name, 'a string')
    if (name === '') refuseRule(at.at('name'), 'empty', name, 'a name')
    if (names.has(name)) refuseRule(at.at('name'), 'duplicate_key', name, 'a unique name')
    names.add(name)
    if (only !== undefined && only !== 'clients' && only !== 'servers') {
      refuseRule(at.at('only'), 'invalid_value', only, '"clients", "servers" or undefined')
    }
    if (one.awaits !== undefined && typeof one.awaits !== 'function') {
      refuseRule(at.at('awaits'), 'wrong_type', one.awaits, 'a function')
    }
    for (const method of ['vouchesFor', 'mayClaim'] as const) {
      if (typeof one[method] !== 'function') refuseRule(at.at(method), 'wrong_type', one[method], 'a function')
    }
  }
  // All authorities vouch for the other side, so there is none to check against.
  return value.some((one) => isAsked(one)) ? new Authorities([...value]) : undefined
}

/** @throws RuleInvalidError for a name that none of the known authorities has */
export function refuseUnknownAuthority (name: string, authorities: Authorities, path: RulePath): void {
  const { byName, elsewhere } = authorities
  if (byName.has(name) || authorities.awaits(name)) return
  const names = [...byName.keys()]
  const shown = listSome(names.map((one) => JSON.stringify(one)), 10, 'or')
  const only = elsewhere.get(name)
  const hint = only === undefined
    ? suggestNearest(name, names)
    : `authority ${JSON.stringify(name)} vouches for ${only} only`
  refuseRule(path, 'unknown_authority', name, `the name of an authority, ${shown}`, hint)
}

/** `a, b and 3 more`: the first `count` words, and how many more there are. */
export function listSome (words: readonly string[], count: number, joint: 'and' | 'or' = 'and'): string {
  const more = words.length - count
  return more <= 0 ? listWords(words, joint) : listWords([...words.slice(0, count), `${more} more`], joint)
}
