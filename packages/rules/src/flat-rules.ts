import { CompiledGroups } from './compile-groups.ts'
import type { Predicate } from './language/allow-rule.ts'
import type { ParsedRule } from './language/parsed-rule.ts'
import type { RequestUse } from './language/request-value.ts'
import { RulePath, refuseRule } from './language/rule-path.ts'
import type { PackedSet } from './packed/packed-set.ts'
import type { CollectedSet } from './rule-collector.ts'

/** The entry of a rule set that a rule or predicate comes from. */
export interface Origin {
  /** The entry's index. */
  readonly index: number
  /** The group that the entry names. */
  readonly group: string | undefined
}

/** A rule with its origin. */
export interface FlatRule {
  readonly rule: ParsedRule
  readonly origin: Origin
}

/** Packed rules, in the order of their entries. */
export interface FlatSet {
  readonly set: PackedSet
  /** Where all of them come from; undefined if each rule is an entry of the rule set. */
  readonly origin: Origin | undefined
}

/** A rule set with its groups resolved: all rules and predicates, in the order of their entries. */
export interface FlatRules {
  readonly rules: readonly FlatRule[]
  readonly packed: readonly FlatSet[]
  readonly predicates: readonly FlatPredicate[]
}

/** Refuses rules that take a value from the request where there is none. @throws RuleInvalidError */
export function refuseRequestValues ({ rules, packed }: FlatRules): void {
  for (const { rule: { dependencies } } of rules) {
    const [binding] = dependencies?.bindings ?? []
    if (binding !== undefined) refuseRequestValue(binding, binding.path)
  }
  for (const { set } of packed) {
    const [use] = set.requestValues
    if (use !== undefined) refuseRequestValue(use, new RulePath(use.path))
  }
}

function refuseRequestValue ({ source, name }: Pick<RequestUse, 'source' | 'name'>, path: RulePath): never {
  refuseRule(path.at(source), 'no_request', name, 'a value, since these rules are asked without a request')
}

/** How many rules and predicates there are, including those of groups. */
export function countRules ({ rules, packed, predicates }: FlatRules): number {
  return packed.reduce((sum, { set }) => sum + set.size, rules.length + predicates.length)
}

/**
 * The packed rules with their origins, read again one by one.
 *
 * @param most as many of those that are entries, and of those in groups
 */
export function * readPacked (
  packed: readonly FlatSet[], most: number = Infinity
): Generator<FlatRule, void, undefined> {
  let [entries, members] = [0, 0]
  for (const { set, origin } of packed) {
    for (const { rule, entry } of set.rules()) {
      if ((origin === undefined ? entries++ : members++) >= most) break
      yield { rule, origin: origin ?? { index: entry, group: undefined } }
    }
  }
}

interface FlatPredicate {
  readonly predicate: Predicate<any>
  readonly path: RulePath
  readonly origin: Origin
}

/**
 * Resolves groups. A group that is reached twice counts for the first entry only: it cannot allow more the second time,
 * and nested groups could otherwise double with every level.
 */
export function flattenEntries (own: CollectedSet, groups: CompiledGroups): FlatRules {
  const originOf = ({ entry }: { readonly entry: number }): Origin => Object.freeze({ index: entry, group: undefined })
  const rules: FlatRule[] = own.rules.map((placed) => ({ rule: placed.rule, origin: originOf(placed) }))
  const packed: FlatSet[] = own.packed === undefined ? [] : [{ set: own.packed, origin: undefined }]
  const predicates: FlatPredicate[] = own.predicates.map((placed) => {
    return { predicate: placed.predicate, path: placed.path, origin: originOf(placed) }
  })
  const seen = new Set<string>()
  for (const { name: group, entry } of own.members) {
    const origin: Origin = Object.freeze({ index: entry, group })
    const pending = [group]
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (seen.has(name)) continue
      seen.add(name)
      const { set } = CompiledGroups.find(groups, name)
      if (set.packed !== undefined) packed.push({ set: set.packed, origin })
      for (const { rule } of set.rules) rules.push({ rule, origin })
      for (const { predicate, path } of set.predicates) predicates.push({ predicate, path, origin })
      // Reversed, because pop takes them from the end.
      for (const member of set.members.toReversed()) pending.push(member.name)
    }
  }
  const byEntry = (a: { readonly origin: Origin }, b: { readonly origin: Origin }): number => {
    return a.origin.index - b.origin.index
  }
  return { rules: rules.sort(byEntry), packed, predicates: predicates.sort(byEntry) }
}
