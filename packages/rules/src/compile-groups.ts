import { anything, text } from '@peerkit/identity/internal'
import type { Groups, Predicate } from './language/allow-rule.ts'
import { readRuleSet } from './language/read-rule.ts'
import type { ParsedEntry, ParsedRule } from './language/parsed-rule.ts'
import { defineRuleOptions } from './language/rule-options.ts'
import { RulePath, expectPlainObject, isPlainObject, refuseRule } from './language/rule-path.ts'
import { AuthorityCheck } from './lint/authority-check.ts'
import { readAuthorities } from './lint/rule-authority.ts'
import type { RuleAuthority } from './lint/rule-authority.ts'
import { Matcher } from './match/matcher.ts'
import { listClauses } from './match/nested-conditions.ts'

/**
 * Groups that were checked once, for any number of rule sets. All rule sets share the index of a large group.
 *
 * @example
 * ```ts
 * const groups: CompiledGroups = compileGroups({ billing: { ou: 'billing' }, audit: { cn: 'audit' } })
 * console.log([...groups.names]) // [ 'billing', 'audit' ]
 * ```
 */
export class CompiledGroups<Group extends string = string> {
  /** The names of the groups. */
  readonly names: ReadonlySet<Group>
  readonly #definitions: ReadonlyMap<string, GroupDefinition>

  constructor (definitions: ReadonlyMap<string, GroupDefinition>) {
    this.#definitions = definitions
    this.names = new Set(definitions.keys()) as ReadonlySet<string> as ReadonlySet<Group>
    Object.freeze(this)
  }

  /** The definition of a group. The name must come from a checked rule set. */
  static find (groups: CompiledGroups, name: string): GroupDefinition {
    return groups.#definitions.get(name) as GroupDefinition
  }
}

/** Options of `compileGroups`. */
export interface CompileGroupsOptions {
  /** The name of the groups in errors. Default `groups`. */
  readonly path?: string | undefined
  /** The trusted authorities. With them, a rule that peers of none of them can satisfy is refused. */
  readonly authorities?: readonly RuleAuthority[] | undefined
}

const readOptions = defineRuleOptions<CompileGroupsOptions>('compileGroups', {
  path: text('a string', true), authorities: anything
})

/**
 * Checks groups of rules once, to share them between rule sets.
 *
 * @param groups rule sets by name
 * @param options see {@link CompileGroupsOptions}
 * @returns the groups, for the option `groups` of `compileRules`
 * @throws RuleInvalidError with `reason`, `path`, `found` and `expected`
 * @example
 * ```ts
 * const groups = compileGroups({ billing: { ou: 'billing' }, audit: { cn: 'audit' } })
 * const [invoices, reports] = [compileRules(['billing'], { groups }), compileRules(['billing', 'audit'], { groups })]
 * console.log(invoices.authorize(peer), reports.authorize(peer))
 * ```
 */
export function compileGroups<const Group extends string> (
  groups: Groups<Group, any> | CompiledGroups<Group>, options: CompileGroupsOptions = {}
): CompiledGroups<Group> {
  const { path = 'groups', authorities: given } = readOptions(options)
  const authorities = readAuthorities(given, new RulePath('options').at('authorities'))
  return readGroups(groups, path, authorities && new AuthorityCheck(authorities))
}

/** @param authorityCheck checks the rules of groups that are not compiled yet */
export function readGroups<const Group extends string> (
  groups: Groups<Group, any> | CompiledGroups<Group>, name: string, authorityCheck: AuthorityCheck | undefined
): CompiledGroups<Group> {
  if (groups instanceof CompiledGroups) return groups
  const path = new RulePath(name)
  const isEmpty = isPlainObject(groups) && Reflect.ownKeys(groups).length === 0
  const entries = isEmpty ? [] : expectPlainObject(groups, path, 'an object of groups by name')
  const names = new Set(entries.map(([name]) => name))
  const definitions = new Map<string, GroupDefinition>()
  for (const [name, value] of entries) {
    const at = path.at(name)
    if (name === '') refuseRule(at, 'empty', name, 'a name of at least one character')
    definitions.set(name, new GroupDefinition(name, at, readRuleSet(value, at, names, authorityCheck)))
  }
  refuseCycles(definitions)
  return new CompiledGroups(definitions)
}

/** Depth first, without recursion: a chain of groups may be longer than the call stack. */
function refuseCycles (definitions: ReadonlyMap<string, GroupDefinition>): void {
  const done = new Set<string>()
  for (const start of definitions.values()) {
    const trail: { readonly group: GroupDefinition, next: number }[] = [{ group: start, next: 0 }]
    const open = new Set([start.name])
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const member = done.has(top.group.name) ? undefined : top.group.members[top.next++]
      if (member === undefined) {
        done.add(top.group.name)
        open.delete(top.group.name)
        trail.pop()
        continue
      }
      if (open.has(member.name)) {
        const names = trail.map(({ group }) => group.name)
        const cycle = [...names.slice(names.indexOf(member.name)), member.name].slice(-10).join(' > ')
        refuseRule(member.path, 'group_cycle', member.name, 'a group that does not contain itself', cycle)
      }
      if (done.has(member.name)) continue
      open.add(member.name)
      trail.push({ group: definitions.get(member.name) as GroupDefinition, next: 0 })
    }
  }
}

/** A group with at least this many values has one index for all rule sets. A smaller one is copied into each index. */
const SHARED_FROM = 1024

/** A checked group. */
class GroupDefinition {
  readonly name: string
  readonly path: RulePath
  readonly rules: readonly ParsedRule[]
  readonly members: readonly (ParsedEntry & { kind: 'group' })[]
  readonly predicates: readonly (ParsedEntry & { kind: 'predicate' })[]
  readonly isShared: boolean
  #matcher: Matcher | undefined

  constructor (name: string, path: RulePath, entries: readonly ParsedEntry[]) {
    this.name = name
    this.path = path
    this.rules = entries.flatMap((entry) => entry.kind === 'rule' ? [entry.rule] : [])
    this.members = entries.filter((entry) => entry.kind === 'group')
    this.predicates = entries.filter((entry) => entry.kind === 'predicate')
    this.isShared = this.rules.reduce((sum, rule) => sum + sizeOf(rule), 0) >= SHARED_FROM
  }

  /** The group's own rules, without those of its members. */
  get matcher (): Matcher {
    this.#matcher ??= new Matcher(this.rules.flatMap((rule) => listClauses(rule, 0)))
    return this.#matcher
  }
}

/** The number of values of the longest key. */
function sizeOf ({ keys }: ParsedRule): number {
  return keys.reduce((most, { values }) => Math.max(most, values.length), 1)
}

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

/** Refuses rules that take a value from the request where there is none. @throws RuleInvalidError */
export function refuseRequestValues ({ rules, shared }: FlatRules): void {
  for (const { dependencies } of [...rules.map(({ rule }) => rule), ...shared.flatMap((one) => one.definition.rules)]) {
    const [binding] = dependencies?.bindings ?? []
    if (binding === undefined) continue
    const { source, name, path } = binding
    refuseRule(path.at(source), 'no_request', name, 'a value, since these rules are asked without a request')
  }
}

/** How many rules and predicates there are, including those of groups. */
export function countRules ({ rules, shared, predicates }: FlatRules): number {
  return shared.reduce((sum, { definition }) => sum + definition.rules.length, rules.length + predicates.length)
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
