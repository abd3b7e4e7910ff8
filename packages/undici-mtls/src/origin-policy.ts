import type { CredentialSource } from '@peerkit/credentials'
import { describeUrl, wrongOption } from '@peerkit/identity/internal'
import type { MtlsAgentOptions } from './agent-options.ts'
import { MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_OUTBOUND_ORIGIN, withFacts } from './errors.ts'
import { withoutRootDot } from './host-name.ts'
import { originOptions } from './origin-options.ts'
import type { OriginOptions } from './origin-options.ts'
import { readProxy } from './proxy-options.ts'
import type { Proxy } from './proxy-options.ts'
import { authoritiesFor } from './server-authorities.ts'
import { compileServerRules } from './server-rules.ts'
import type { ServerRules } from './server-rules.ts'

/** How to connect to an origin, and which server must answer. */
export interface OriginPolicy {
  readonly origin: string
  readonly rules: ServerRules
  readonly credentials: CredentialSource
  readonly servername: string | undefined
  readonly socketPath: string | undefined
  readonly proxy: Proxy | undefined
}

/**
 * Finds the policy of an origin. Origins are compared as a whole: `https://api.internal` is not
 * `https://api.internal.example`.
 */
export class OriginPolicies {
  readonly #origins = new Map<string, OriginPolicy>()
  /** For every other origin; undefined if no other may be called. */
  readonly #others: OriginPolicy | undefined

  /** @throws MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_RULE_INVALID */
  constructor (options: MtlsAgentOptions) {
    const { allowedServers, origins, servers: groups } = options
    compileServerRules(allowedServers, groups, 'allowedServers', authoritiesFor(options.credentials, 'MtlsAgent'))
    const common = options.proxy === undefined
      ? undefined
      : readProxy(options.proxy, groups, 'proxy', options.credentials)
    for (const [text, own] of Object.entries(origins ?? {})) {
      if (text === '*') continue
      const origin = readOrigin(text)
      if (this.#origins.has(origin)) {
        throw new MTLS_ERR_OUTBOUND_OPTION(`origins contains ${origin} twice; expected it once`)
      }
      this.#origins.set(origin, createOriginPolicy(origin, own, `origins["${text}"]`, options, common))
    }
    const other = origins === undefined ? {} : origins['*']
    if (other === undefined) return
    this.#others = createOriginPolicy('*', other, 'origins["*"]', options, common)
  }

  /** Every credential source that an origin or a proxy uses. */
  get sources (): ReadonlySet<CredentialSource> {
    return new Set([
      ...this.#origins.values(), ...(this.#others === undefined ? [] : [this.#others])
    ].flatMap(({ credentials, proxy }) => [credentials, proxy?.credentials ?? credentials]))
  }

  /** @throws MTLS_ERR_OUTBOUND_ORIGIN if the agent must not call the origin */
  find (origin: string): OriginPolicy {
    const known = this.#origins.get(origin)
    if (known !== undefined) return known
    if (!origin.startsWith('https://')) {
      throw withFacts(
        new MTLS_ERR_OUTBOUND_ORIGIN(`${origin === '' ? 'an empty string' : origin} is not an https origin`),
        { retryable: false, origin }
      )
    }
    if (this.#others === undefined) {
      throw withFacts(new MTLS_ERR_OUTBOUND_ORIGIN(`${origin} is not one of the agent's origins`), {
        retryable: false, origin
      })
    }
    return { ...this.#others, origin }
  }
}

function createOriginPolicy (
  origin: string, own: OriginOptions, where: string, options: MtlsAgentOptions, common: Proxy | undefined
): OriginPolicy {
  originOptions.check(own, where)
  const [rules, path] = own.allowedServers === undefined
    ? [options.allowedServers, 'allowedServers']
    : [own.allowedServers, `${where}.allowedServers`]
  const socketPath = own.socketPath ?? (own.proxy === undefined ? options.socketPath : undefined)
  const credentials = own.credentials ?? options.credentials
  const proxy = own.proxy !== undefined
    ? readProxy(own.proxy, options.servers, `${where}.proxy`, credentials)
    : own.socketPath === undefined ? common : undefined
  return Object.freeze({
    origin,
    rules: compileServerRules(rules, options.servers, path, authoritiesFor(credentials, where)),
    credentials,
    servername: own.servername === undefined ? undefined : withoutRootDot(own.servername),
    socketPath,
    proxy
  })
}

/**
 * Checks that a string is an https origin, without a path.
 *
 * @param text such as `https://ledger.internal:8443`
 * @returns the origin in its normal form, without the dot of an absolute DNS name
 * @throws MTLS_ERR_OUTBOUND_OPTION if it is not
 * @example
 * ```ts
 * console.log(readOrigin('https://Ledger.internal:443/')) // https://ledger.internal
 * ```
 */
export function readOrigin (text: string): string {
  const hasScheme = text.includes('://')
  if (!hasScheme || !URL.canParse(text)) {
    const expected = 'an https origin such as https://ledger.internal:8443' + (hasScheme ? '' : ': https:// is missing')
    throw wrongOption(MTLS_ERR_OUTBOUND_OPTION, 'origin', describeUrl(text), expected)
  }
  const url = new URL(text)
  if (url.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.hash !== '' ||
    url.username !== '' || url.password !== '') {
    throw wrongOption(MTLS_ERR_OUTBOUND_OPTION, 'origin', describeUrl(text), 'only https, host and port')
  }
  url.hostname = withoutRootDot(url.hostname)
  return url.origin
}
