import { anything, clock, text } from '@peerkit/identity/internal'
import type { Groups, Predicate } from './language/allow-rule.ts'
import { readEntries } from './language/read-rule.ts'
import type { ParsedRule } from './language/parsed-rule.ts'
import type { RequestUse } from './language/request-value.ts'
import { defineRuleOptions } from './language/rule-options.ts'
import { RulePath, expectPlainObject, isPlainObject, refuseRule } from './language/rule-path.ts'
import { AuthorityCheck } from './lint/authority-check.ts'
import { readAuthorities } from './lint/rule-authority.ts'
import type { RuleAuthority } from './lint/rule-authority.ts'
import { Matcher } from './match/matcher.ts'
import { listClauses } from './match/nested-conditions.ts'
import type { PackedSet } from './packed/packed-set.ts'
import { RuleCollector, packing } from './rule-collector.ts'
import type { CollectedSet } from './rule-collector.ts'

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
  /** Returns the time for warnings of rules that have ended, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

const readOptions = defineRuleOptions<CompileGroupsOptions>('compileGroups', {
  path: text('a string', true), authorities: anything, now: clock
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
  const { path = 'groups', authorities: given, now = Date.now } = readOptions(options)
  const authorities = readAuthorities(given, new RulePath('options').at('authorities'))
  return readGroups(groups, path, { authorityCheck: authorities && new AuthorityCheck(authorities), now })
}

/** How groups are read. */
export interface ReadGroupsOptions {
  /** Checks the rules of groups that are not compiled yet. */
  readonly authorityCheck: AuthorityCheck | undefined
  /** Returns the time for warnings. */
  readonly now: () => number
}

/** @throws RuleInvalidError */
export function readGroups<const Group extends string = string> (
  groups: Groups<Group, any> | CompiledGroups<Group>, name: string, { authorityCheck, now }: ReadGroupsOptions
): CompiledGroups<Group> {
  if (groups instanceof CompiledGroups) return groups
  const path = new RulePath(name)
  const isEmpty = isPlainObject(groups) && Reflect.ownKeys(groups).length === 0
  const entries = isEmpty ? [] : expectPlainObject(groups, path, 'an object of groups by name')
  const names = new Set(entries.map(([name]) => name))
  const collector = new RuleCollector(now, packing.from)
  for (const [name, value] of entries) {
    const at = path.at(name)
    if (name === '') refuseRule(at, 'empty', name, 'a name of at least one character')
    readEntries(value, at, { groups: names, authorityCheck }, collector)
  }
  const sets = collector.end()
  const definitions = new Map(entries.map(([name], index) => {
    return [name, new GroupDefinition(name, sets[index] as CollectedSet)]
  }))
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
      const member = done.has(top.group.name) ? undefined : top.group.set.members[top.next++]
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

/** A checked group. */
export class GroupDefinition {
  readonly name: string
  readonly set: CollectedSet
  #matcher: Matcher | undefined

  constructor (name: string, set: CollectedSet) {
    this.name = name
    this.set = set
  }

  /** The group's own rules that are not packed, without those of its members. */
  get matcher (): Matcher {
    this.#matcher ??= new Matcher(this.set.rules.flatMap(({ rule }) => listClauses(rule, 0)))
    return this.#matcher
  }
}

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

/** The packed rules with their origins, read again one by one. */
export function * readPacked (packed: readonly FlatSet[], most: number = Infinity): Generator<FlatRule, void, undefined> {
  for (const { set, origin } of packed) {
    let count = 0
    for (const { rule, entry } of set.rules()) {
      if (count++ === most) break
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
