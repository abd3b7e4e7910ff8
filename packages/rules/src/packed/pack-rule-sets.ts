import type { RuleAuthority } from '../lint/rule-authority.ts'
import { AuthorityCheck } from '../lint/authority-check.ts'
import { readAuthorities } from '../lint/rule-authority.ts'
import type { ParsedEntry } from '../language/parsed-rule.ts'
import { readEntries } from '../language/read-rule.ts'
import type { EntryTaker } from '../language/read-rule.ts'
import { RulePath, expectPlainObject, isPlainObject, refuseRule } from '../language/rule-path.ts'
import { SHARED_MEMORY } from './growing-list.ts'
import type { PackedTables } from './packed-tables.ts'
import { packNames } from './packed-names.ts'
import type { PackedNames } from './packed-names.ts'
import { RulePacker } from './rule-packer.ts'

/** A group that an entry of a set names. */
export interface PackedMember {
  readonly name: string
  /** The position of the entry; undefined if the set is no array. */
  readonly entry: number | undefined
}

/** Groups and rule sets that were checked and packed together, as data. */
export interface PackedRuleSets {
  readonly tables: PackedTables
  readonly groupsPath: string
  /** The names of the groups. The number of a group's set is its position. */
  readonly groups: PackedNames
  /** The paths of the other rule sets. Their numbers follow those of the groups. */
  readonly sets: readonly string[]
  /** The groups that sets name, by the number of the set. */
  readonly members: ReadonlyMap<number, readonly PackedMember[]>
}

/** What is packed. */
export interface PackRuleSetsInput {
  /** Rule sets by name, as data. */
  readonly groups: unknown
  /** The name of the groups in errors. */
  readonly groupsPath: string
  /** Rule sets with their names in errors, as data. */
  readonly sets: readonly { readonly path: string, readonly rules: unknown }[]
  /** The names of groups that are declared elsewhere. */
  readonly otherGroups: readonly string[]
  /** As for `compileRules`. */
  readonly authorities: readonly RuleAuthority[] | undefined
  /** For warnings, in milliseconds since the epoch. */
  readonly now: number
}

/**
 * Checks groups and rule sets, and packs them in memory that threads can share. Cycles of groups are found when they
 * are opened.
 *
 * @throws RuleInvalidError
 */
export function packRuleSets (input: PackRuleSetsInput): PackedRuleSets {
  const { groups: given, groupsPath, sets, otherGroups, now } = input
  const authorities = readAuthorities(input.authorities, new RulePath('options').at('authorities'))
  const authorityCheck = authorities && new AuthorityCheck(authorities)
  const path = new RulePath(groupsPath)
  const isEmpty = isPlainObject(given) && Reflect.ownKeys(given).length === 0
  const entries = isEmpty ? [] : expectPlainObject(given, path, 'an object of groups by name')
  const names = entries.map(([name]) => name)
  const context = { groups: new Set([...otherGroups, ...names]), authorityCheck }
  const taker = new SetPacker(now)
  for (const [name, rules] of entries) {
    const at = path.at(name)
    if (name === '') refuseRule(at, 'empty', name, 'a name of at least one character')
    readEntries(rules, at, context, taker)
  }
  for (const { path, rules } of sets) readEntries(rules, new RulePath(path), context, taker)
  return {
    tables: taker.packer.seal(SHARED_MEMORY),
    groupsPath,
    groups: packNames(names),
    sets: sets.map(({ path }) => path),
    members: taker.members
  }
}

class SetPacker implements EntryTaker {
  readonly packer: RulePacker
  readonly members: Map<number, PackedMember[]> = new Map()
  #set = 0
  #alone = false

  constructor (now: number) { this.packer = new RulePacker(now) }

  begin (_path: RulePath, alone: boolean): void {
    this.#set = this.packer.beginSet()
    this.#alone = alone
  }

  take (entry: ParsedEntry, position: number): void {
    const at = this.#alone ? undefined : position
    if (entry.kind === 'rule') this.packer.add(entry.rule, at)
    else if (entry.kind === 'predicate') refuseRule(entry.path, 'wrong_type', entry.predicate, 'a rule as data')
    else {
      const members = this.members.get(this.#set) ?? []
      members.push({ name: entry.name, entry: at })
      this.members.set(this.#set, members)
    }
  }
}
