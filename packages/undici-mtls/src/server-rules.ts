import { compileRules } from '@peerkit/rules'
import type { Authorizer, Groups, RuleAuthority, RuleEntry, RuleSet } from '@peerkit/rules'

/** Rules on the servers that we call: one rule, or a list. Predicates get no request here: they are asked once a connection. */
export type AllowedServers = RuleSet

/** Who may answer, compiled. */
export interface ServerRules {
  /** Rules that name a SPIFFE ID: they replace the check of the host name. */
  readonly byId: Authorizer | undefined
  /** The other rules: they narrow who is let through by host name. */
  readonly byName: Authorizer | undefined
  /** Neither: whoever's certificate is for the host name. */
  readonly byNameAlone: boolean
  /** Who is meant, for people. */
  describe (hostname: string): string
}

/**
 * @param path of the rules among the options, for errors
 * @param authorities those that vouch for servers: what none of them can satisfy is refused
 * @throws MTLS_ERR_RULE_INVALID
 */
export function compileServerRules (rules: AllowedServers | undefined, groups: Groups | undefined, path: string, authorities: readonly RuleAuthority[]): ServerRules {
  if (rules === undefined) return Object.freeze({ byId: undefined, byName: undefined, byNameAlone: true, describe: (hostname: string) => `a certificate for ${hostname}` })
  const settings = { path, groupsPath: 'servers', groups: groups ?? {}, ...(authorities.length > 0 && { authorities }) }
  // The whole is compiled first: errors name the place in what was written.
  const whole = compileRules(rules, settings)
  const compile = (some: readonly RuleEntry[]): Authorizer | undefined => some.length === 0 ? undefined : compileRules(some, settings)
  const entries = listEntries(rules)
  const byId = compile(entries.filter((rule) => namesSpiffeId(rule, groups)))
  const byName = compile(entries.filter((rule) => !namesSpiffeId(rule, groups)))
  const named = byName === undefined ? '' : byId === undefined ? ' and a certificate for ' : '; where that is no SPIFFE ID, also a certificate for '
  const describe = (hostname: string): string => `${onOneLine(whole)}${named === '' ? '' : named + hostname}`
  return Object.freeze({ byId, byName, byNameAlone: false, describe })
}

function onOneLine (authorizer: Authorizer): string {
  return authorizer.describe().split('\n').map((line) => line.replace(/^- /, '')).join(', or ')
}

function listEntries (rules: RuleSet): readonly RuleEntry[] {
  return Array.isArray(rules) ? rules : [rules as RuleEntry]
}

/** Whether an entry names the server by SPIFFE ID, a group only if each of its rules does: one that does not would leave the name unchecked. */
function namesSpiffeId (rule: RuleEntry, groups: Groups | undefined, seen: ReadonlySet<string> = new Set()): boolean {
  if (typeof rule === 'function') return false
  if (typeof rule !== 'string') return rule.spiffe !== undefined
  const group = groups?.[rule]
  if (group === undefined || seen.has(rule)) return false
  const members = listEntries(group)
  return members.length > 0 && members.every((member) => namesSpiffeId(member, groups, new Set([...seen, rule])))
}
