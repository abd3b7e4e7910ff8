import { anything, clock, number, text } from '@peerkit/identity/internal'
import { readGroups } from '../compile-groups.ts'
import { RuleInvalidError } from '../errors.ts'
import type { ParsedEntry, ParsedRule } from '../language/parsed-rule.ts'
import { readRuleSet } from '../language/read-rule.ts'
import { defineRuleOptions } from '../language/rule-options.ts'
import { RulePath, expectPlainObject, isPlainObject } from '../language/rule-path.ts'
import { describeTime } from '../language/rule-period.ts'
import { AuthorityCheck } from './authority-check.ts'
import { findShadowed, findWideValues } from './doubtful-rules.ts'
import type { LintFinding } from './lint-finding.ts'
import { readAuthorities } from './rule-authority.ts'
import type { RuleAuthority } from './rule-authority.ts'
import { warnOfRule } from './warnings.ts'

/** A set of rules with its name in findings. */
export interface NamedRules {
  readonly path: string
  readonly rules: unknown
}

/** Options of `lintRules`. */
export interface LintOptions {
  /** The groups by name, of which the rules name some. Default: none. */
  readonly groups?: unknown
  /** The name of the groups in findings. Default `groups`. */
  readonly groupsPath?: string | undefined
  /** Groups that are named elsewhere, such as in code. Default: none. */
  readonly usedGroups?: readonly string[] | undefined
  /** Groups that are defined elsewhere, such as in code. Rules may name them. Default: none. */
  readonly otherGroups?: readonly string[] | undefined
  /** The trusted authorities, as for `compileRules`. */
  readonly authorities?: readonly RuleAuthority[] | undefined
  /** Rules that end within this time are reported, in milliseconds. Default 30 days. */
  readonly endsWithin?: number | undefined
  /** Returns the time in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

const readOptions = defineRuleOptions<LintOptions>('lintRules', {
  groups: anything,
  groupsPath: text('a string', true),
  usedGroups: anything,
  otherGroups: anything,
  authorities: anything,
  endsWithin: number(),
  now: clock
})

const MONTH = 30 * 86_400_000

/**
 * Finds rules that are probably not meant: unreachable, shadowed, contradictory and over-broad ones, groups that nobody
 * names, names that several authorities may claim, and rules about to end. It goes on after the first mistake.
 *
 * @param sets the sets of rules, with their names in findings
 * @param options see {@link LintOptions}
 * @returns the findings, in the order of groups and sets
 * @throws RuleInvalidError for a wrong option
 * @example
 * ```ts
 * const findings = lintRules([{ path: 'rules', rules: [{ dns: '*.a.example' }, { dns: 'x.a.example' }] }])
 * console.log(findings[0]?.kind, findings[0]?.path) // shadowed rules[1]
 * ```
 */
export function lintRules (sets: readonly NamedRules[], options: LintOptions = {}): readonly LintFinding[] {
  const { groups = {}, groupsPath = 'groups', usedGroups = [], otherGroups = [], ...rest } = readOptions(options)
  const { authorities: given, endsWithin = MONTH, now = Date.now } = rest
  const authorities = readAuthorities(given, new RulePath('options').at('authorities'))
  const check = authorities && new AuthorityCheck(authorities)
  const findings: LintFinding[] = []
  const path = new RulePath(groupsPath)
  const named = attempt(findings, groupsPath, () => {
    return isPlainObject(groups) && Reflect.ownKeys(groups).length === 0
      ? []
      : expectPlainObject(groups, path, 'an object of groups by name')
  }) ?? []
  for (const [name] of named.filter(([name]) => otherGroups.includes(name))) {
    const message = 'this group is also defined elsewhere; expected it in one place'
    findings.push({ kind: 'invalid', path: path.at(name).toString(), message })
  }
  const names = new Set([...named.map(([name]) => name), ...otherGroups])
  const read = (rules: unknown, at: RulePath): readonly ParsedEntry[] => {
    return readEntries(findings, rules, at, names, check)
  }
  const definitions = new Map(named.map(([name, rules]) => [name, read(rules, path.at(name))]))
  const entriesOfSets = sets.map((set) => read(set.rules, new RulePath(set.path)))
  if (findings.length === 0) {
    // Those from elsewhere stand for any peer: what is in them is not known.
    const all = { ...Object.fromEntries(otherGroups.map((name) => [name, () => true])), ...groups as object }
    attempt(findings, groupsPath, () => readGroups(all as never, groupsPath, { authorityCheck: check, now }))
  }
  const moment = now()
  for (const entries of [...definitions.values(), ...entriesOfSets]) {
    for (const entry of entries) {
      if (entry.kind === 'rule') findings.push(...lintRule(entry.rule, moment, endsWithin, authorities !== undefined))
    }
    findings.push(...findRepeated(entries, definitions))
    findings.push(...findShadowed(listRules(entries, definitions), new Set(entries)))
  }
  findings.push(...findUnused(definitions, entriesOfSets, usedGroups, path))
  return findings
}

/** Adds the error as a finding, and goes on without the result. */
function attempt<Result> (findings: LintFinding[], path: string, run: () => Result): Result | undefined {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof RuleInvalidError)) throw error
    const kind = error.reason === 'never_matches' ? 'contradictory' : 'invalid'
    findings.push({ kind, path: error.path === '' ? path : error.path, message: error.message })
    return undefined
  }
}

/** The valid entries of a set. Each is read by itself, so that all mistakes are found. */
function readEntries (
  findings: LintFinding[], rules: unknown, path: RulePath, names: ReadonlySet<string>, check: AuthorityCheck | undefined
): readonly ParsedEntry[] {
  if (!Array.isArray(rules) || rules.length === 0) {
    return attempt(findings, path.toString(), () => readRuleSet(rules, path, names, check)) ?? []
  }
  return rules.flatMap((rule, index) => {
    const at = path.at(index)
    // Within a set, a list is no set of its own.
    const value = Array.isArray(rule) ? undefined : rule as unknown
    return attempt(findings, at.toString(), () => readRuleSet(value, at, names, check)) ?? []
  })
}

function lintRule (
  rule: ParsedRule, now: number, endsWithin: number, hasAuthorities: boolean
): readonly LintFinding[] {
  const path = rule.path.toString()
  const warnings = warnOfRule(rule, now).filter(({ kind }) => kind !== 'several_authorities' || hasAuthorities)
    .map(({ kind, path, text }): LintFinding => ({ kind, path, message: text }))
  const until = rule.dependencies?.period?.until ?? Infinity
  const isNear = until > now && until - now <= endsWithin
  const end: readonly LintFinding[] = isNear
    ? [{ kind: 'ends_soon', path, message: `ends at ${describeTime(until)}` }]
    : []
  return [...warnings, ...findWideValues(rule), ...end]
}

type Definitions = ReadonlyMap<string, readonly ParsedEntry[]>
/** An entry of a set that is a rule. */
type RuleOfSet = ParsedEntry & { readonly kind: 'rule' }

/** All rules of a set, also those of its groups, in the order in which they are asked. */
function listRules (entries: readonly ParsedEntry[], definitions: Definitions): readonly RuleOfSet[] {
  const seen = new Set<string>()
  const rules: RuleOfSet[] = []
  const pending = entries.toReversed()
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    if (entry.kind === 'rule') rules.push(entry)
    else if (entry.kind === 'group' && !seen.has(entry.name)) {
      seen.add(entry.name)
      pending.push(...(definitions.get(entry.name) ?? []).toReversed())
    }
  }
  return rules
}

/** Entries that name a group which an entry before them contains. */
function findRepeated (entries: readonly ParsedEntry[], definitions: Definitions): readonly LintFinding[] {
  const contained = new Set<string>()
  return entries.flatMap((entry): readonly LintFinding[] => {
    if (entry.kind !== 'group') return []
    const { name, path } = entry
    const isRepeated = contained.has(name)
    addMembers(contained, name, definitions)
    if (!isRepeated) return []
    return [{ kind: 'unreachable', path: path.toString(), message: `an entry before contains the group "${name}"` }]
  })
}

/** Adds a group and all groups within it. */
function addMembers (names: Set<string>, name: string, definitions: Definitions): void {
  const pending = [name]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (names.has(next)) continue
    names.add(next)
    for (const entry of definitions.get(next) ?? []) if (entry.kind === 'group') pending.push(entry.name)
  }
}

function findUnused (
  definitions: Definitions, sets: readonly (readonly ParsedEntry[])[], usedGroups: readonly string[], path: RulePath
): readonly LintFinding[] {
  const used = new Set<string>()
  for (const name of usedGroups) addMembers(used, name, definitions)
  for (const entry of sets.flat()) if (entry.kind === 'group') addMembers(used, entry.name, definitions)
  return [...definitions.keys()].filter((name) => !used.has(name)).map((name) => ({
    kind: 'unused_group', path: path.at(name).toString(), message: 'no rules name this group'
  }))
}
