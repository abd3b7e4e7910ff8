import type { PeerIdentity } from '@peerkit/identity'
import { anything, clock, func, text } from '@peerkit/identity/internal'
import { RuleAuthorizer } from './authorizer.ts'
import type { Authorizer } from './authorizer.ts'
import { flattenEntries, readGroups, refuseRequestValues } from './compile-groups.ts'
import type { CompiledGroups } from './compile-groups.ts'
import type { Groups, RuleSet } from './language/allow-rule.ts'
import { readRuleSet } from './language/read-rule.ts'
import { defineRuleOptions } from './language/rule-options.ts'
import type { ReadRequestValue } from './language/request-value.ts'
import { RulePath } from './language/rule-path.ts'
import { AuthorityCheck } from './lint/authority-check.ts'
import { readAuthorities } from './lint/rule-authority.ts'
import type { RuleAuthority } from './lint/rule-authority.ts'
import type { Explanation } from './verdict.ts'

/** Options of `compileRules`. */
export interface CompileRulesOptions<Group extends string = string> {
  /** The groups that strings in the rules name. If many rule sets share them, compile them with `compileGroups`. */
  readonly groups?: Groups<Group, any> | CompiledGroups<Group> | undefined
  /** The name of the rule set in errors, for example `config.allowedClients`. Default `rules`. */
  readonly path?: string | undefined
  /** The name of the groups in errors, for example `clients`. Default `groups`. */
  readonly groupsPath?: string | undefined
  /**
   * The trusted authorities. With them, a rule that peers of none of them can satisfy is refused, and `warnings` lists
   * the rules that peers of several can satisfy. Pass the same authorities to `compileGroups`.
   */
  readonly authorities?: readonly RuleAuthority[] | undefined
  /**
   * Reads a value of a request, which `authorize` gets, for rules such as `{ cn: { param: 'stationId' } }`: every value
   * with the name, decoded. Default: there are no requests, and such rules are refused.
   */
  readonly requestValue?: ReadRequestValue | undefined
  /** Returns the time for `validFrom` and `validUntil`, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

/**
 * Checks a rule set and compiles it to an authorizer. The given objects are copied, not kept or changed.
 *
 * @param rules a rule, a group's name, a predicate, or an array of them
 * @param options see {@link CompileRulesOptions}
 * @returns the authorizer
 * @throws RuleInvalidError with `reason`, `path`, `found` and `expected`
 * @example
 * ```ts
 * const authorizer = compileRules(['billing', { spiffe: 'spiffe://prod.example/ns/ops/sa/*' }], {
 *   groups: { billing: { ou: 'billing' } }
 * })
 * console.log(authorizer.authorize(peer)) // { allowed: true, rule: 0, group: 'billing' }
 * console.log(authorizer.authorize(null)) // { allowed: false, reason: 'no_identity' }
 * ```
 */
export function compileRules<const Group extends string = string> (
  rules: RuleSet<NoInfer<Group>, any>, options: CompileRulesOptions<Group> = {}
): Authorizer {
  const own = readOptions(options as CompileRulesOptions<string>)
  const { groups = {}, path = 'rules', groupsPath = 'groups', authorities: given, requestValue, now = Date.now } = own
  const authorities = readAuthorities(given, new RulePath('options').at('authorities'))
  const authorityCheck = authorities && new AuthorityCheck(authorities)
  const compiled = readGroups(groups as Groups | CompiledGroups, groupsPath, authorityCheck)
  const entries = readRuleSet(rules, new RulePath(path), compiled.names, authorityCheck)
  const flat = flattenEntries(entries, compiled)
  if (requestValue === undefined) refuseRequestValues(flat)
  return new RuleAuthorizer(flat, { requestValue, now })
}

const readOptions = defineRuleOptions<CompileRulesOptions<string>>('compileRules', {
  groups: anything,
  path: text('a string', true),
  groupsPath: text('a string', true),
  authorities: anything,
  requestValue: func('a function that returns the values of a request'),
  now: clock
})

/**
 * Explains the verdict of a rule set on a peer: which rule matched or came closest, and which of its keys failed, with
 * what was expected and what was found. Predicates are not called. For logs and operators, never for the client.
 *
 * @param rules as for `compileRules`
 * @param peer the identity of the peer
 * @param options as for `compileRules`, and `request` as for `authorize`
 * @returns the explanation, as data; its `toString()` renders text
 * @throws RuleInvalidError
 * @example
 * ```ts
 * const { verdict, closest } = explain([{ ou: 'shipping' }], peer)
 * console.log(verdict) // { allowed: false, reason: 'no_match' }
 * console.log(closest?.failed[0]?.expected, closest?.failed[0]?.found) // what the rule asks, what the certificate has
 * ```
 */
export function explain<const Group extends string = string> (
  rules: RuleSet<NoInfer<Group>, any>,
  peer: PeerIdentity | undefined | null,
  { request, ...options }: CompileRulesOptions<Group> & { readonly request?: unknown } = {}
): Explanation {
  return compileRules<Group>(rules, options).explain(peer, request)
}
