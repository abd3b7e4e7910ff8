import { anything, clock, text } from '@peerkit/identity/internal'
import type { Groups } from './language/allow-rule.ts'
import { readEntries } from './language/read-rule.ts'
import { defineRuleOptions } from './language/rule-options.ts'
import { RulePath, expectPlainObject, isPlainObject, refuseRule } from './language/rule-path.ts'
import { AuthorityCheck } from './lint/authority-check.ts'
import { readAuthorities } from './lint/rule-authority.ts'
import type { RuleAuthority } from './lint/rule-authority.ts'
import { GroupDefinition } from './group-definition.ts'
import type { OpenedRuleSets } from './packed/opened-rule-sets.ts'
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
  readonly #own: ReadonlyMap<string, GroupDefinition>
  readonly #packed: OpenedRuleSets | undefined

  constructor (own: ReadonlyMap<string, GroupDefinition>, packed?: OpenedRuleSets) {
    this.#own = own
    this.#packed = packed
    const names = new Set(own.keys())
    for (const name of packed?.names ?? []) names.add(name)
    this.names = names as ReadonlySet<string> as ReadonlySet<Group>
    Object.freeze(this)
  }

  /** The definition of a group. The name must come from a checked rule set. */
  static find (groups: CompiledGroups, name: string): GroupDefinition {
    return (groups.#own.get(name) ?? groups.#packed?.group(name)) as GroupDefinition
  }

  /** The groups that were not packed before, and the packed ones. */
  static parts (groups: CompiledGroups): {
    readonly own: ReadonlyMap<string, GroupDefinition>, readonly packed: OpenedRuleSets | undefined
  } {
    return { own: groups.#own, packed: groups.#packed }
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
  return compileWith(groups, options, undefined)
}

/** The same with groups that are packed, which may name these and be named by them. */
export function compileWith<const Group extends string> (
  groups: Groups<Group, any> | CompiledGroups<Group>, options: CompileGroupsOptions, packed: OpenedRuleSets | undefined
): CompiledGroups<Group> {
  const { path = 'groups', authorities: given, now = Date.now } = readOptions(options)
  const authorities = readAuthorities(given, new RulePath('options').at('authorities'))
  return readGroups(groups, path, { authorityCheck: authorities && new AuthorityCheck(authorities), now, packed })
}

/** How groups are read. */
export interface ReadGroupsOptions {
  /** Checks the rules of groups that are not compiled yet. */
  readonly authorityCheck: AuthorityCheck | undefined
  /** Returns the time for warnings. */
  readonly now: () => number
  readonly packed?: OpenedRuleSets | undefined
}

/** @throws RuleInvalidError */
export function readGroups<const Group extends string = string> (
  groups: Groups<Group, any> | CompiledGroups<Group>, name: string, { authorityCheck, now, packed }: ReadGroupsOptions
): CompiledGroups<Group> {
  if (groups instanceof CompiledGroups) return groups
  const path = new RulePath(name)
  const isEmpty = isPlainObject(groups) && Reflect.ownKeys(groups).length === 0
  const entries = isEmpty ? [] : expectPlainObject(groups, path, 'an object of groups by name')
  const own = entries.map(([name]) => name)
  // There may be a million packed ones.
  const names = new Set(entries.length === 0 ? [] : [...own, ...packed?.names ?? []])
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
  const compiled = new CompiledGroups<Group>(definitions, packed)
  refuseCycles([...definitions.values(), ...packed?.groupsWithMembers() ?? []], compiled)
  return compiled
}

/** Depth first, without recursion: a chain of groups may be longer than the call stack. */
function refuseCycles (definitions: readonly GroupDefinition[], groups: CompiledGroups): void {
  const done = new Set<string>()
  for (const start of definitions) {
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
      trail.push({ group: CompiledGroups.find(groups, member.name), next: 0 })
    }
  }
}
