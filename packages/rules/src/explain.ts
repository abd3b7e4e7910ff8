import type { PeerIdentity } from '@peerkit/identity'
import type { RuleSet } from './allow-rule.ts'
import { compileRules } from './compile-rules.ts'
import type { CompileRulesOptions } from './compile-rules.ts'
import type { Explanation } from './explanation.ts'

/**
 * Explains the verdict of a rule set on a peer: which rule matched or came closest, and which of its keys failed, with
 * what was expected and what was found. Predicates are not called. For logs and operators, never for the client.
 *
 * @param rules as for `compileRules`
 * @param peer the identity of the peer
 * @param options as for `compileRules`
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
  rules: RuleSet<NoInfer<Group>, any>, peer: PeerIdentity | undefined | null, options: CompileRulesOptions<Group> = {}
): Explanation {
  return compileRules<Group>(rules, options).explain(peer)
}
