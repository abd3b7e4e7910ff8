import type { Predicate } from './allow-rule.ts'
import { CompiledGroups } from './compile-groups.ts'
import type { GroupDefinition } from './group-definition.ts'
import type { ParsedEntry, ParsedRule } from './parsed-rule.ts'
import type { RulePath } from './rule-path.ts'

/** The entry of a rule set that a rule or predicate comes from. */
export interface Origin {
  /** The entry's index. */
  readonly index: number
  /** The group that the entry names. */
  readonly group: string | undefined
}

/** A rule set with its groups resolved: all rules and predicates, in the order of their entries. */
export interface FlatRules {
  readonly rules: readonly { readonly rule: ParsedRule, readonly origin: Origin }[]
  /** Large groups, which have their own index. */
  readonly shared: readonly { readonly definition: GroupDefinition, readonly origin: Origin }[]
  readonly predicates: readonly FlatPredicate[]
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
export function flattenEntries (entries: readonly ParsedEntry[], groups: CompiledGroups): FlatRules {
  const rules: { rule: ParsedRule, origin: Origin }[] = []
  const shared: { definition: GroupDefinition, origin: Origin }[] = []
  const predicates: FlatPredicate[] = []
  const seen = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const origin: Origin = Object.freeze({ index, group: entry.kind === 'group' ? entry.name : undefined })
    if (entry.kind === 'rule') rules.push({ rule: entry.rule, origin })
    else if (entry.kind === 'predicate') predicates.push({ ...entry, origin })
    else {
      const pending = [entry.name]
      for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
        if (seen.has(name)) continue
        seen.add(name)
        const definition = CompiledGroups.find(groups, name)
        if (definition.isShared) shared.push({ definition, origin })
        else for (const rule of definition.rules) rules.push({ rule, origin })
        for (const { predicate, path } of definition.predicates) predicates.push({ predicate, path, origin })
        // Reversed, because pop takes them from the end.
        for (const member of definition.members.toReversed()) pending.push(member.name)
      }
    }
  }
  return { rules, shared, predicates }
}
