import type { Groups } from './allow-rule.ts'
import { expectPlainObject, isPlainObject } from './expect-shape.ts'
import { GroupDefinition } from './group-definition.ts'
import { readRuleSet } from './read-rule-set.ts'
import { refuseRule } from './refuse-rule.ts'
import { readAuthorities } from './rule-authority.ts'
import type { RuleAuthority } from './rule-authority.ts'
import { RulePath } from './rule-path.ts'
import { AuthorityCheck } from './authority-check.ts'

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
  const authorities = readAuthorities(options.authorities, new RulePath('options').at('authorities'))
  return readGroups(groups, options.path ?? 'groups', authorities && new AuthorityCheck(authorities))
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
