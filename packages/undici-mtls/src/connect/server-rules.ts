import { isIP } from 'node:net'
import { ruleAuthoritiesOf } from '@peerkit/credentials'
import type { CredentialSource, RuleAuthority } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import { compileRules } from '@peerkit/rules'
import type { Authorizer, Groups, RuleEntry, RuleSet } from '@peerkit/rules'
import { OutboundOptionError, OutboundWrongServerError } from '../errors.ts'
import { isForHostName } from './host-name.ts'

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

/** What rules on servers are compiled with. */
export interface ServerRulesContext {
  readonly groups: Groups | undefined
  /** The path of the rules in the options, for errors. */
  readonly path: string
  /** What has the rules, for errors. */
  readonly where: string
  /**
   * Whose authorities vouch for the servers. Rules that none of them can satisfy are refused. Undefined if the rules
   * are never asked.
   */
  readonly credentials: CredentialSource | undefined
}

/** @throws RuleInvalidError, or OutboundOptionError if no authority is for servers: every server would be refused */
export function compileServerRules (
  rules: AllowedServers | undefined, { groups = {}, path, where, credentials }: ServerRulesContext
): ServerRules {
  const authorities = credentials === undefined ? [] : authoritiesFor(credentials, where)
  if (rules === undefined) {
    return Object.freeze({
      byId: undefined,
      byName: undefined,
      byNameAlone: true,
      describe: (hostname: string) => `a certificate for ${hostname}`
    })
  }
  const settings = { path, groupsPath: 'servers', groups, ...(authorities.length > 0 && { authorities }) }
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

function authoritiesFor (credentials: CredentialSource, where: string): readonly RuleAuthority[] {
  const { current } = credentials
  const found = ruleAuthoritiesOf(current, 'servers', credentials)
  if (found.some(({ only }) => only === undefined)) return found
  const names = current.authorities.map(({ name }) => `"${name}"`).join(', ')
  throw new OutboundOptionError(
    `${where}: no authority of the credentials is for servers (${names} for clients); ` +
      'expected one with for: "servers" or "both"'
  )
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
  if (typeof rule !== 'string') return rule.spiffe !== undefined || rule.trustDomain !== undefined
  const group = groups?.[rule]
  if (group === undefined || seen.has(rule)) return false
  const members = listEntries(group)
  return members.length > 0 && members.every((member) => namesSpiffeId(member, groups, new Set([...seen, rule])))
}

export interface IdentityCheck {
  readonly server: PeerIdentity
  /** The name that the certificate must be for. */
  readonly hostname: string
  /** The name of the origin in errors. */
  readonly origin: string
  readonly rules: ServerRules
}

/**
 * Checks that the expected server answered. With a rule on the SPIFFE ID the host name is not checked. With other rules
 * the certificate must match both the rule and the host name. Called after every handshake, also on resumed sessions,
 * before a byte of a request is written.
 *
 * @throws OutboundWrongServerError
 */
export async function checkIdentity ({ server, hostname, origin, rules }: IdentityCheck): Promise<void> {
  if (rules.byId !== undefined && (await rules.byId.authorize(server)).allowed) return
  const isNamed = (rules.byNameAlone || rules.byName !== undefined) && isForHostName(server, hostname)
  if (isNamed && (rules.byNameAlone || (await rules.byName?.authorize(server))?.allowed === true)) return
  const reason = isNamed || (rules.byName === undefined && !rules.byNameAlone) ? 'rules' : 'host_name'
  const found = `${String(server)}${describeNames(server)}${describeUnbelieved(server, hostname)}`
  const expected = rules.describe(hostname)
  throw new OutboundWrongServerError(origin, { reason, expected, found })
}

const MAX_NAMES = 5
const MAX_NAME_LENGTH = 128

/** The names of a certificate, as many as a log line can take. The server chose them. */
function describeNames ({ subjectAltNames }: PeerIdentity): string {
  if (subjectAltNames === undefined) return ''
  const kinds = ([['DNS', 'dns'], ['IP', 'ip'], ['URI', 'uri']] as const).flatMap(([label, kind]) => {
    const names = subjectAltNames[kind]
    if (names.length === 0) return []
    const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
    return [`${label} ${names.slice(0, MAX_NAMES).map(printable).join(', ')}${more}`]
  })
  return kinds.length === 0 ? ', without names' : `, names: ${kinds.join('; ')}`
}

function printable (name: string): string {
  return clip(name, MAX_NAME_LENGTH).replace(/[^\x20-\x7e…]/g, '?')
}

/** Explains why a host name that is in the certificate does not count. */
function describeUnbelieved ({ authority, notBelieved }: PeerIdentity, hostname: string): string {
  const kind = isIP(hostname) === 0 ? 'dns' : 'ip'
  return notBelieved.includes(kind)
    ? ` (authority "${authority ?? ''}" does not vouch for ${kind === 'dns' ? 'DNS names' : 'IP addresses'})`
    : ''
}
