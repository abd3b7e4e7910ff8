import type { Groups } from './allow-rule.ts'
import { expectPlainObject, isPlainObject } from './expect-shape.ts'
import { GroupDefinition } from './group-definition.ts'
import type { ParsedEntry } from './parsed-rule.ts'
import { readRule } from './read-rule.ts'
import { readRuleSet } from './read-rule-set.ts'
import { refuseRule } from './refuse-rule.ts'
import { RulePath } from './rule-path.ts'

/** Groups checked once, for any number of rule sets. Large ones keep their index here, so that a thousand routes share it. */
export class CompiledGroups<Group extends string = string> {
  readonly names: ReadonlySet<Group>
  readonly #definitions: ReadonlyMap<string, GroupDefinition>

  constructor (definitions: ReadonlyMap<string, GroupDefinition>) {
    this.#definitions = definitions
    this.names = new Set(definitions.keys()) as ReadonlySet<string> as ReadonlySet<Group>
    Object.freeze(this)
  }

  /** The definition of a group that a checked rule set names. */
  static find (groups: CompiledGroups, name: string): GroupDefinition {
    return groups.#definitions.get(name) as GroupDefinition
  }
}

/**
 * Checks groups and what they name.
 *
 * @param options.path how errors call the object, default `groups`
 * @throws MTLS_ERR_RULE_INVALID
 */
export function compileGroups<const Group extends string> (groups: Groups<Group, any> | CompiledGroups<Group>, options: { readonly path?: string } = {}): CompiledGroups<Group> {
  if (groups instanceof CompiledGroups) return groups
  const path = new RulePath(options.path ?? 'groups')
  const entries = isPlainObject(groups) && Reflect.ownKeys(groups).length === 0 ? [] : expectPlainObject(groups, path, 'an object of groups by name')
  const names = new Set(entries.map(([name]) => name))
  const definitions = new Map<string, GroupDefinition>()
  for (const [name, value] of entries) {
    const at = path.at(name)
    if (name === '') refuseRule(at, 'empty', name, 'a name of at least one character')
    definitions.set(name, new GroupDefinition(name, at, readGroup(value, at, names)))
  }
  refuseCycles(definitions)
  return new CompiledGroups(definitions)
}

function readGroup (value: unknown, path: RulePath, names: ReadonlySet<string>): readonly ParsedEntry[] {
  if (Array.isArray(value)) return readRuleSet(value, path, names)
  if (!isPlainObject(value)) refuseRule(path, 'wrong_type', value, 'a rule or an array of rules', typeof value === 'function' || typeof value === 'string' ? 'put it in an array' : '')
  return [{ kind: 'rule', rule: readRule(value, path) }]
}

/** Depth first, with a stack of our own: a chain of groups may be longer than the call stack. */
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
        refuseRule(member.path, 'group_cycle', member.name, 'no group that holds itself', cycle)
      }
      if (done.has(member.name)) continue
      open.add(member.name)
      trail.push({ group: definitions.get(member.name) as GroupDefinition, next: 0 })
    }
  }
}
