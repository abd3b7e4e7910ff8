import type { CredentialSource } from '@peerkit/credentials'
import type { Groups } from '@peerkit/rules'
import { checkProxyOptions, originOptions } from '../agent-options.ts'
import type { MtlsAgentOptions, OriginOptions, ProxyOptions } from '../agent-options.ts'
import { withoutRootDot } from '../connect/host-name.ts'
import { compileServerRules } from '../connect/server-rules.ts'
import type { ServerRules } from '../connect/server-rules.ts'
import { OutboundOptionError, OutboundOriginError } from '../errors.ts'
import { AddressResolver } from './address-resolver.ts'
import { readOrigin } from './read-origin.ts'

/** How to connect to an origin, and which server must answer. */
export interface OriginPolicy {
  readonly origin: string
  readonly rules: ServerRules
  readonly credentials: CredentialSource
  readonly servername: string | undefined
  readonly socketPath: string | undefined
  readonly proxy: Proxy | undefined
  /** Finds the addresses of the origin; undefined: DNS does. */
  readonly resolver: AddressResolver | undefined
}

/**
 * Finds the policy of an origin. Origins are compared as a whole: `https://api.internal` is not
 * `https://api.internal.example`.
 */
export class OriginPolicies {
  readonly #origins = new Map<string, OriginPolicy>()
  /** For every other origin; undefined if no other may be called. */
  readonly #others: OriginPolicy | undefined

  /** @throws OutboundOptionError, RuleInvalidError */
  constructor (options: MtlsAgentOptions) {
    const { allowedServers, origins, servers: groups, credentials, proxy } = options
    compileServerRules(allowedServers, { groups, path: 'allowedServers', where: 'MtlsAgent', credentials })
    const common = proxy === undefined ? undefined : readProxy(proxy, groups, 'proxy', credentials)
    for (const [text, own] of Object.entries(origins ?? {})) {
      if (text === '*') continue
      const origin = readOrigin(text)
      if (this.#origins.has(origin)) {
        throw new OutboundOptionError(`origins contains ${origin} twice; expected it once`)
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

  /** Aborts what resolvers are asked at this moment. */
  abortResolvers (): void {
    for (const { resolver } of this.#origins.values()) resolver?.close()
    this.#others?.resolver?.close()
  }

  /** @throws OutboundOriginError if the agent must not call the origin */
  find (origin: string): OriginPolicy {
    const known = this.#origins.get(origin)
    if (known !== undefined) return known
    if (!origin.startsWith('https://')) {
      throw new OutboundOriginError(origin, `${origin === '' ? 'an empty string' : origin} is not an https origin`)
    }
    if (this.#others === undefined) {
      throw new OutboundOriginError(origin, `${origin} is not one of the agent's origins`)
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
  const { servers: groups } = options
  const isElsewhere = own.proxy !== undefined || own.resolve !== undefined
  const socketPath = own.socketPath ?? (isElsewhere ? undefined : options.socketPath)
  const credentials = own.credentials ?? options.credentials
  const proxy = own.proxy !== undefined
    ? readProxy(own.proxy, groups, `${where}.proxy`, credentials)
    : own.socketPath === undefined ? common : undefined
  return Object.freeze({
    origin,
    rules: compileServerRules(rules, { groups, path, where, credentials }),
    credentials,
    servername: own.servername === undefined ? undefined : withoutRootDot(own.servername),
    socketPath,
    proxy,
    resolver: createResolver(own, where, options)
  })
}

/** @throws OutboundOptionError */
function createResolver (
  { resolve, resolveTtl, socketPath }: OriginOptions, where: string, options: MtlsAgentOptions
): AddressResolver | undefined {
  if (resolve === undefined) {
    if (resolveTtl === undefined) return undefined
    throw new OutboundOptionError(`${where}: found resolveTtl without resolve; expected both`)
  }
  if (socketPath !== undefined) {
    throw new OutboundOptionError(`${where}: found resolve and socketPath; expected only one of them`)
  }
  const { connectTimeout = 10_000, now = Date.now } = options
  const timeout = Math.max(1, Math.floor(connectTimeout / 2))
  return new AddressResolver({ resolve, resolveTtl: resolveTtl ?? 30_000, timeout, now })
}

/** The checked and compiled options of a proxy. */
export interface Proxy {
  readonly url: URL
  readonly credentials: CredentialSource | undefined
  readonly rules: ServerRules
  readonly headers: Readonly<Record<string, string>>
}

/**
 * @param origins credentials of the origins that are reached through it
 * @throws OutboundOptionError, RuleInvalidError
 */
function readProxy (
  given: string | ProxyOptions, groups: Groups | undefined, where: string, origins: CredentialSource
): Proxy {
  const { uri, credentials, allowedServers, headers } = checkProxyOptions(given, where)
  const url = new URL(uri)
  const authorization = url.username === '' ? {} : { 'proxy-authorization': basicAuthorization(url) }
  return {
    url,
    credentials,
    rules: compileServerRules(allowedServers, {
      groups,
      path: `${where}.allowedServers`,
      where,
      // Nothing is asked of a plain http proxy.
      credentials: url.protocol === 'https:' ? credentials ?? origins : undefined
    }),
    headers: Object.freeze({ ...authorization, ...headers })
  }
}

function basicAuthorization ({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
}
