import type { PeerIdentity } from '@peerkit/identity'
import { clock, func } from '@peerkit/identity/internal'
import { CompiledGroups } from './compile-groups.ts'
import type { FlatRules } from './flat-rules.ts'
import type { GroupDefinition } from './group-definition.ts'
import { Dependencies } from './dependencies.ts'
import type { ReadRequestValue } from './language/request-value.ts'
import { defineRuleOptions } from './language/rule-options.ts'
import type { TemporaryRule } from './language/rule-period.ts'
import { Circumstances } from './match/circumstances.ts'
import { PeerValues, TRUE } from './match/condition.ts'
import type { OpenedRuleSets } from './packed/opened-rule-sets.ts'
import { findMatchingSets } from './packed/packed-decision.ts'
import type { PackedStore } from './packed/packed-store.ts'

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
  /** The moments at which one of them begins or ends, in milliseconds since the epoch, ascending. */
  readonly moments: readonly number[]
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
  const { own, packed } = CompiledGroups.parts(groups)
  const dependencies = new Dependencies(rulesOf([...own.values()], packed))
  const memberships = new Memberships(groups)
  return Object.freeze({
    usesRequest: dependencies.requestValues.length > 0,
    get temporary () { return dependencies.temporary },
    get moments () { return dependencies.moments },
    match: (peer: PeerIdentity | undefined | null, request?: unknown) => {
      if (typeof peer !== 'object' || peer === null || groups.names.size === 0) return NO_GROUPS
      return Object.freeze(memberships.list(new PeerValues(peer, new Circumstances(request, requestValue, now))))
    }
  })
}

/** Every rule of every group, once. Of packed groups those alone that depend on more than the identity. */
function rulesOf (own: readonly GroupDefinition[], opened: OpenedRuleSets | undefined): FlatRules {
  const origin = { index: 0, group: undefined }
  const sets = own.flatMap(({ set: { packed } }) => packed === undefined ? [] : [packed])
  if (opened !== undefined) sets.push(...opened.dependentSets())
  return {
    rules: own.flatMap(({ set }) => set.rules.map(({ rule }) => ({ rule, origin }))),
    packed: sets.map((set) => ({ set, origin })),
    predicates: []
  }
}

/** Finds the groups of a peer from its rules up, so that only groups with a rule that matches are looked at. */
class Memberships {
  readonly #groups: CompiledGroups
  /** The groups with rules that are not packed. */
  readonly #tested: readonly GroupDefinition[]
  /** The groups of the sets of each store, by the number of the set. */
  readonly #stores: ReadonlyMap<PackedStore, readonly (string | undefined)[]>
  /** By name: the groups that name it. */
  readonly #parents = new Map<string, string[]>()
  #positions: ReadonlyMap<string, number> | undefined

  constructor (groups: CompiledGroups) {
    this.#groups = groups
    const { own, packed } = CompiledGroups.parts(groups)
    const definitions = [...own.values()]
    this.#tested = definitions.filter(({ set }) => set.rules.length > 0)
    const stores = new Map<PackedStore, string[]>()
    for (const { name, set } of definitions) {
      if (set.packed === undefined) continue
      const { store, number } = set.packed
      const names = stores.get(store) ?? []
      names[number] = name
      stores.set(store, names)
    }
    this.#stores = packed === undefined ? stores : new Map([...stores, [packed.store, packed.names]])
    for (const { name, set } of [...definitions, ...packed?.groupsWithMembers() ?? []]) {
      for (const member of set.members) {
        const parents = this.#parents.get(member.name) ?? []
        parents.push(name)
        this.#parents.set(member.name, parents)
      }
    }
  }

  /** The names of the groups of a peer, in the order of their declaration. */
  list (peerValues: PeerValues): string[] {
    const found = new Set<string>()
    for (const { name, matcher } of this.#tested) if (matcher.test(peerValues) === TRUE) found.add(name)
    for (const [store, names] of this.#stores) {
      for (const set of findMatchingSets(store, peerValues)) {
        const name = names[set]
        if (name !== undefined) found.add(name)
      }
    }
    // A set is walked in the order in which it grows.
    for (const name of found) for (const parent of this.#parents.get(name) ?? []) found.add(parent)
    if (found.size < 2) return [...found]
    const positions = this.#positions ??= new Map([...this.#groups.names].map((name, position) => [name, position]))
    return [...found].sort((a, b) => (positions.get(a) as number) - (positions.get(b) as number))
  }
}
