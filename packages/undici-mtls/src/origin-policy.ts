import type { CredentialSource } from '@peerkit/credentials'
import type { MtlsAgentOptions } from './agent-options.ts'
import { MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_OUTBOUND_ORIGIN, withFacts } from './errors.ts'
import { checkCredentials, checkKeys } from './option-check.ts'
import type { OriginOptions } from './origin-options.ts'
import { readProxy } from './proxy-options.ts'
import type { Proxy } from './proxy-options.ts'
import { authoritiesFor } from './server-authorities.ts'
import { compileServerRules } from './server-rules.ts'
import type { ServerRules } from './server-rules.ts'

/** How an origin is reached and who must answer there. */
export interface OriginPolicy {
  readonly origin: string
  readonly rules: ServerRules
  readonly credentials: CredentialSource
  readonly servername: string | undefined
  readonly socketPath: string | undefined
  readonly proxy: Proxy | undefined
}

const KNOWN = ['allowedServers', 'credentials', 'servername', 'socketPath', 'proxy']

/** Finds the policy of an origin, compared whole: `https://api.internal` is not `https://api.internal.example`. */
export class OriginPolicies {
  readonly #origins = new Map<string, OriginPolicy>()
  /** For every other origin; undefined where there must be none. */
  readonly #others: OriginPolicy | undefined

  /** @throws MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_RULE_INVALID */
  constructor (options: MtlsAgentOptions) {
    const { allowedServers, origins, servers: groups } = options
    compileServerRules(allowedServers, groups, 'allowedServers', authoritiesFor(options.credentials, 'MtlsAgent'))
    const common = options.proxy === undefined ? undefined : readProxy(options.proxy, groups, 'proxy', options.credentials)
    for (const [text, own] of Object.entries(origins ?? {})) {
      if (text === '*') continue
      const origin = readOrigin(text)
      if (this.#origins.has(origin)) throw new MTLS_ERR_OUTBOUND_OPTION(`origins names ${origin} twice`)
      this.#origins.set(origin, createOriginPolicy(origin, own, `origins["${text}"]`, options, common))
    }
    const other = origins === undefined ? {} : origins['*']
    if (other === undefined) return
    this.#others = createOriginPolicy('*', other, 'origins["*"]', options, common)
  }

  /** Every credential source that an origin or a proxy uses. */
  get sources (): ReadonlySet<CredentialSource> {
    return new Set([...this.#origins.values(), ...(this.#others === undefined ? [] : [this.#others])].flatMap(({ credentials, proxy }) => [credentials, proxy?.credentials ?? credentials]))
  }

  /** @throws MTLS_ERR_OUTBOUND_ORIGIN where the agent must not call the origin */
  find (origin: string): OriginPolicy {
    const known = this.#origins.get(origin)
    if (known !== undefined) return known
    if (!origin.startsWith('https://')) throw withFacts(new MTLS_ERR_OUTBOUND_ORIGIN(`${origin === '' ? 'an empty origin' : origin} is no https origin`), { retryable: false, origin })
    if (this.#others === undefined) throw withFacts(new MTLS_ERR_OUTBOUND_ORIGIN(`${origin} is none of the agent's origins`), { retryable: false, origin })
    return { ...this.#others, origin }
  }
}

function createOriginPolicy (origin: string, own: OriginOptions, where: string, options: MtlsAgentOptions, common: Proxy | undefined): OriginPolicy {
  checkKeys(own, KNOWN, where)
  if (own.credentials !== undefined) checkCredentials(own.credentials, where)
  const [rules, path] = own.allowedServers === undefined ? [options.allowedServers, 'allowedServers'] : [own.allowedServers, `${where}.allowedServers`]
  const socketPath = own.socketPath ?? (own.proxy === undefined ? options.socketPath : undefined)
  const credentials = own.credentials ?? options.credentials
  const proxy = own.proxy !== undefined ? readProxy(own.proxy, options.servers, `${where}.proxy`, credentials) : own.socketPath === undefined ? common : undefined
  return Object.freeze({ origin, rules: compileServerRules(rules, options.servers, path, authoritiesFor(credentials, where)), credentials, servername: own.servername, socketPath, proxy })
}

/** @throws MTLS_ERR_OUTBOUND_OPTION where a text is no bare https origin */
export function readOrigin (text: string): string {
  if (!URL.canParse(text)) throw new MTLS_ERR_OUTBOUND_OPTION(`origin is ${JSON.stringify(text)}; expected an https origin such as https://ledger.internal:8443`)
  const url = new URL(text)
  if (url.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new MTLS_ERR_OUTBOUND_OPTION(`origin is ${JSON.stringify(text)}; expected https, host and port alone`)
  }
  return url.origin
}
