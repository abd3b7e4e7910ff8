import { compileRules } from '@peerkit/rules'
import type { Authorizer, Groups, RuleSet } from '@peerkit/rules'
import { MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_OUTBOUND_ORIGIN, withFacts } from './errors.ts'

/** Rules on whom we call. Predicates get no request here. */
export type AllowedServers = RuleSet

export interface OriginOptions { readonly allowedServers?: AllowedServers }

/** Who must answer at an origin. */
export interface OriginPolicy {
  readonly origin: string
  readonly authorizer: Authorizer | undefined
  /** Whether the rules name the server by SPIFFE ID: then they replace the check of the host name. */
  readonly checksHostName: boolean
}

/** Finds the policy of an origin, compared whole: `https://api.internal` is not `https://api.internal.example`. */
export class OriginPolicies {
  readonly #origins = new Map<string, OriginPolicy>()
  readonly #closed: boolean
  readonly #authorizer: Authorizer | undefined
  readonly #checksHostName: boolean

  /** @throws MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_RULE_INVALID */
  constructor (allowedServers: AllowedServers | undefined, origins: Readonly<Record<string, OriginOptions>> | undefined, groups: Groups | undefined) {
    const compile = (rules: AllowedServers | undefined, path: string): Authorizer | undefined => rules === undefined ? undefined : compileRules(rules, { path, groupsPath: 'servers', groups: groups ?? {} })
    this.#authorizer = compile(allowedServers, 'allowedServers')
    this.#checksHostName = !namesSpiffeIds(allowedServers, groups)
    this.#closed = origins !== undefined
    for (const [text, options] of Object.entries(origins ?? {})) {
      const origin = readOrigin(text)
      const own = options.allowedServers
      this.#origins.set(origin, {
        origin,
        authorizer: own === undefined ? this.#authorizer : compile(own, `origins["${text}"].allowedServers`),
        checksHostName: own === undefined ? this.#checksHostName : !namesSpiffeIds(own, groups)
      })
    }
  }

  /** @throws MTLS_ERR_OUTBOUND_ORIGIN where the agent must not call the origin */
  find (origin: string): OriginPolicy {
    const known = this.#origins.get(origin)
    if (known !== undefined) return known
    if (!origin.startsWith('https://')) throw withFacts(new MTLS_ERR_OUTBOUND_ORIGIN(`${origin} is no https origin`), { retryable: false })
    if (this.#closed) throw withFacts(new MTLS_ERR_OUTBOUND_ORIGIN(`${origin} is none of the agent's origins`), { retryable: false })
    return { origin, authorizer: this.#authorizer, checksHostName: this.#checksHostName }
  }
}

/** @throws MTLS_ERR_OUTBOUND_OPTION where a text is no bare https origin */
export function readOrigin (text: string): string {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new MTLS_ERR_OUTBOUND_OPTION(`origin is ${JSON.stringify(text)}; expected an https origin such as https://ledger.internal:8443`)
  }
  if (url.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new MTLS_ERR_OUTBOUND_OPTION(`origin is ${JSON.stringify(text)}; expected https, host and port alone`)
  }
  return url.origin
}

/** Whether every rule that may allow names a SPIFFE ID: one that does not would leave the name unchecked. */
function namesSpiffeIds (rules: AllowedServers | undefined, groups: Groups | undefined, seen: ReadonlySet<string> = new Set()): boolean {
  if (rules === undefined || rules.length === 0) return false
  return rules.every((rule) => {
    if (typeof rule === 'function') return false
    if (typeof rule !== 'string') return rule.spiffe !== undefined
    const group = groups?.[rule]
    if (group === undefined || seen.has(rule)) return false
    return namesSpiffeIds(Array.isArray(group) ? group : [group] as AllowedServers, groups, new Set([...seen, rule]))
  })
}
