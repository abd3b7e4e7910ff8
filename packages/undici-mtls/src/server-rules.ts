import { compileRules } from '@peerkit/rules'
import type { Authorizer, Groups, RuleAuthority, RuleEntry, RuleSet } from '@peerkit/rules'

/**
 * Which servers may answer: a rule, the name of a group, a function, or a list of them. A function is called once per
 * connection, without a request.
 */
export type AllowedServers = RuleSet

/** Compiled rules on servers. */
export interface ServerRules {
  /** Rules with a SPIFFE ID. The host name is not checked for them. */
  readonly byId: Authorizer | undefined
  /** The other rules. The host name must match too. */
  readonly byName: Authorizer | undefined
  /** There are no rules: the certificate must be for the host name. */
  readonly byNameAlone: boolean
  /** Says in words which server must answer. */
  describe (hostname: string): string
}

/**
 * @param path the path of the rules in the options, for errors
 * @param authorities those that vouch for servers. Rules that none of them can satisfy are refused
 * @throws RuleInvalidError
 */
export function compileServerRules (
  rules: AllowedServers | undefined, groups: Groups | undefined, path: string, authorities: readonly RuleAuthority[]
): ServerRules {
  if (rules === undefined) {
    return Object.freeze({
      byId: undefined,
      byName: undefined,
      byNameAlone: true,
      describe: (hostname: string) => `a certificate for ${hostname}`
    })
  }
  const settings = { path, groupsPath: 'servers', groups: groups ?? {}, ...(authorities.length > 0 && { authorities }) }
  // All rules are compiled together first, so that errors name the index as it was written.
  const whole = compileRules(rules, settings)
  const compile = (
    some: readonly RuleEntry[]
  ): Authorizer | undefined => some.length === 0 ? undefined : compileRules(some, settings)
  const entries = listEntries(rules)
  const byId = compile(entries.filter((rule) => namesSpiffeId(rule, groups)))
  const byName = compile(entries.filter((rule) => !namesSpiffeId(rule, groups)))
  const named = byName === undefined
    ? ''
    : byId === undefined ? ' and a certificate for ' : '; for rules without a SPIFFE ID, also a certificate for '
  const describe = (hostname: string): string => `${onOneLine(whole)}${named === '' ? '' : named + hostname}`
  return Object.freeze({ byId, byName, byNameAlone: false, describe })
}

function onOneLine (authorizer: Authorizer): string {
  return authorizer.describe().split('\n').map((line) => line.replace(/^- /, '')).join(', or ')
}

function listEntries (rules: RuleSet): readonly RuleEntry[] {
  return Array.isArray(rules) ? rules : [rules as RuleEntry]
}

/**
 * Whether an entry requires a SPIFFE ID. A group does only if each of its rules does: otherwise neither the ID nor the
 * host name would be checked for one of them.
 */
function namesSpiffeId (rule: RuleEntry, groups: Groups | undefined, seen: ReadonlySet<string> = new Set()): boolean {
  if (typeof rule === 'function') return false
  if (typeof rule !== 'string') return rule.spiffe !== undefined
  const group = groups?.[rule]
  if (group === undefined || seen.has(rule)) return false
  const members = listEntries(group)
  return members.length > 0 && members.every((member) => namesSpiffeId(member, groups, new Set([...seen, rule])))
}
