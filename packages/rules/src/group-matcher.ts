import type { PeerIdentity } from '@peerkit/identity'
import { clock, func } from '@peerkit/identity/internal'
import { CompiledGroups } from './compile-groups.ts'
import type { FlatRules } from './compile-groups.ts'
import { listDependencies } from './dependencies.ts'
import type { ReadRequestValue } from './language/request-value.ts'
import { defineRuleOptions } from './language/rule-options.ts'
import type { TemporaryRule } from './language/rule-period.ts'
import { Circumstances } from './match/circumstances.ts'
import { PeerValues, TRUE } from './match/condition.ts'

/** Says which groups a peer is in. */
export interface GroupMatcher {
  /**
   * The names of the groups of which a rule matches, or a rule of a group within, in the order of their declaration.
   * Predicates are not called. The list is frozen.
   *
   * @param peer the identity of the peer; without one there are no groups
   * @param request passed to the option `requestValue` unchanged
   */
  match (peer: PeerIdentity | undefined | null, request?: unknown): readonly string[]
  /** Whether a rule takes a value from the request. If so, the answer must not be cached. */
  readonly usesRequest: boolean
  /** The rules that hold for a time. Between their moments the answer does not change by itself. */
  readonly temporary: readonly TemporaryRule[]
}

/** Options of `createGroupMatcher`. */
export interface GroupMatcherOptions {
  /** As for `compileRules`. Default: rules that take a value from the request do not match. */
  readonly requestValue?: ReadRequestValue | undefined
  /** Returns the time for `validFrom` and `validUntil`, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

const readOptions = defineRuleOptions<GroupMatcherOptions>('createGroupMatcher', {
  requestValue: func('a function that returns the values of a request'), now: clock
})

const NO_GROUPS: readonly string[] = Object.freeze([])

/**
 * Creates a function that says which groups a peer is in.
 *
 * @param groups the groups, from `compileGroups`
 * @param options see {@link GroupMatcherOptions}
 * @throws RuleInvalidError for a wrong option
 * @example
 * ```ts
 * const groups = compileGroups({ billing: { ou: 'billing' }, staff: ['billing', { ou: 'ops' }], x: { cn: 'x' } })
 * console.log(createGroupMatcher(groups).match(peer)) // [ 'billing', 'staff' ]
 * ```
 */
export function createGroupMatcher (groups: CompiledGroups, options: GroupMatcherOptions = {}): GroupMatcher {
  const { requestValue, now = Date.now } = readOptions(options)
  const names = [...groups.names]
  const { requestValues, temporary } = listDependencies(rulesOf(groups))
  return Object.freeze({
    usesRequest: requestValues.length > 0,
    temporary,
    match: (peer: PeerIdentity | undefined | null, request?: unknown) => {
      if (typeof peer !== 'object' || peer === null || names.length === 0) return NO_GROUPS
      const peerValues = new PeerValues(peer, new Circumstances(request, requestValue, now))
      const known = new Map<string, boolean>()
      return Object.freeze(names.filter((name) => isMember(groups, name, peerValues, known)))
    }
  })
}

/** Every rule of every group, once. */
function rulesOf (groups: CompiledGroups): FlatRules {
  const origin = { index: 0, group: undefined }
  const rules = [...groups.names].flatMap((name) => CompiledGroups.find(groups, name).rules)
  return { rules: rules.map((rule) => ({ rule, origin })), shared: [], predicates: [] }
}

/** Without recursion: a chain of groups may be longer than the call stack. It has no cycle. */
function isMember (
  groups: CompiledGroups, start: string, peerValues: PeerValues, known: Map<string, boolean>
): boolean {
  const open = [{ name: start, next: 0 }]
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { matcher, members } = CompiledGroups.find(groups, top.name)
    const member = members[top.next++]
    if (known.has(top.name)) open.pop()
    else if (top.next === 1 && matcher.test(peerValues) === TRUE) known.set(top.name, true)
    else if (member === undefined) known.set(top.name, members.some(({ name }) => known.get(name) === true))
    else if (known.get(member.name) === true) known.set(top.name, true)
    else if (!known.has(member.name)) open.push({ name: member.name, next: 0 })
  }
  return known.get(start) === true
}
