import { parseSpiffeId } from '@peerkit/identity'
import {
  checkOption, defineOptions, describeSecret, describeValue, duration, func, passedOn, required, secret, text, valueOf,
  wrongOption, wrongValue
} from '@peerkit/identity/internal'
import type { OptionType } from '@peerkit/identity/internal'
import { readOrigin } from '@peerkit/undici-mtls'
import type { AllowedServers, MtlsAgentOptions, ProxyOptions, Resolve } from '@peerkit/undici-mtls'
import { ORIGIN_OPTIONS } from '@peerkit/undici-mtls/internal'
import { ServicesOptionError } from './errors.ts'

/** What the resolver of a service is asked. */
export interface ServiceQuestion {
  /** The name of the service. */
  readonly name: string
  /** The option `spiffeId`. */
  readonly spiffeId: string | undefined
  /** Aborted after half of `connectTimeout`, or when the agent is destroyed. */
  readonly signal: AbortSignal
}

/**
 * Gives an address such as `https://10.0.0.7:8443`, or several. They are tried in this order; shuffle them to spread
 * connections. The first 16 are used.
 */
export type ServiceResolver = (question: ServiceQuestion) => ReturnType<Resolve>

/** A checked service, whose origin is known. */
export type NamedService = ServiceOptions & Required<Pick<ServiceOptions, 'origin'>>

/** Options of one service. */
export interface ServiceOptions {
  /** `https://host:port`, without a path. Required without `resolve`; with it, it only names the host in requests. */
  readonly origin?: string
  /**
   * The SPIFFE ID of the server: short for `allowedServers: { spiffe: … }`. The host name is not checked. Default:
   * none.
   */
  readonly spiffeId?: string
  /**
   * Says where the service is, for every new connection. The server is checked as ever: an address of another workload
   * is passed over. Default: the origin's address.
   */
  readonly resolve?: ServiceResolver
  /**
   * How long addresses of `resolve` are used, in milliseconds. It is asked earlier if no address works. Default 30,000.
   */
  readonly resolveTtl?: number
  /** Who may answer. Default: the plugin's `allowedServers`, else the certificate must be for the host name. */
  readonly allowedServers?: AllowedServers
  /** Is put before every path. Default: none. */
  readonly basePath?: string
  /** Headers of every request. Forwarded headers and those of a call override them. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds for a whole call, body included. Default: none. */
  readonly timeout?: number
  /** Milliseconds to wait for the response's headers. Default 300,000, as in undici. */
  readonly headersTimeout?: number
  /** Milliseconds between two chunks of the response's body. Default 300,000, as in undici. */
  readonly bodyTimeout?: number
  /** Milliseconds to connect, shake hands and check the server. Default 10,000. */
  readonly connectTimeout?: number
  /** The path that `ready()` requests, after the base path. Any answer below 500 means ready. Default `/`. */
  readonly readyPath?: string
  /** The credentials for this service only. Default: the plugin's. */
  readonly credentials?: MtlsAgentOptions['credentials']
  /** The name for SNI and for the host name check. Default: the origin's host. */
  readonly servername?: string
  /** A Unix socket to connect to. Default: none. */
  readonly socketPath?: string
  /** A proxy to CONNECT through. Default: none. */
  readonly proxy?: string | ProxyOptions
}

const BASE_PATH = valueOf('a path such as /v1', isPath, describePath)
const READY_PATH = valueOf('a path such as /health', isPath, describePath)
const TIMEOUT = duration({ least: 1, whole: true })
const OPTIONS = defineOptions<ServiceOptions>('services', ServicesOptionError, {
  origin: text('an https origin', true),
  spiffeId: text('a SPIFFE ID'),
  basePath: BASE_PATH,
  // They may contain a password or a token.
  headers: secret("an object of strings such as { name: 'value' }", isHeaderObject),
  timeout: TIMEOUT,
  headersTimeout: TIMEOUT,
  bodyTimeout: TIMEOUT,
  connectTimeout: TIMEOUT,
  readyPath: READY_PATH,
  ...passedOn(ORIGIN_OPTIONS),
  // It is called by a function of the plugin, which the agent would accept.
  resolve: func()
})

/** What a method of a service takes. */
const ARGUMENT: Readonly<Record<'request' | 'fetch' | 'ready', OptionType>> = {
  request: required(valueOf("an object such as { path: '/entries' }", isObject)),
  fetch: valueOf('an object', isObject),
  ready: valueOf('an object', isObject)
}
// They may contain a password or a token.
const HEADERS = valueOf(
  "headers such as { accept: 'text/plain' }", (value) => typeof value === 'object', describeSecret
)
const REQUEST = required(valueOf('the incoming Fastify request', isRequest))

/** Names of object properties. A service of that name would conflict with them. */
const RESERVED = new Set(['__proto__', 'constructor', 'then', 'toJSON'])

/**
 * @returns the service with its origin
 * @throws ServicesOptionError naming the service and the option
 */
export function checkService (name: string, options: ServiceOptions): NamedService {
  const where = `services.${name}`
  const refuse = (message: string): never => { throw new ServicesOptionError(message) }
  if (name === '' || RESERVED.has(name)) {
    refuse(`the name of a service is ${JSON.stringify(name)}; expected another name`)
  }
  OPTIONS.check(options, where)
  if (options.spiffeId !== undefined) checkSpiffeId(options, where)
  if (options.origin === undefined) return { ...options, origin: originOf(name, options, where) }
  const { origin } = options
  try {
    readOrigin(origin)
    return { ...options, origin }
  } catch (error) {
    const hint = hasPath(origin) ? '; put the path into basePath' : ''
    return refuse(`${where}: ${(error as Error).message}${hint}`)
  }
}

/** @throws ServicesOptionError */
function checkSpiffeId ({ spiffeId = '', allowedServers }: ServiceOptions, where: string): void {
  if (allowedServers !== undefined) {
    throw new ServicesOptionError(`${where}: found spiffeId and allowedServers; expected only one of them`)
  }
  try {
    if (parseSpiffeId(spiffeId).path !== '') return
  } catch {
    // It is named below.
  }
  const expected = 'a SPIFFE ID such as spiffe://prod.example/ledger'
  throw wrongValue(ServicesOptionError, `${where}.spiffeId`, spiffeId, expected)
}

/**
 * The origin of a service that only a resolver knows. It is no name in DNS (RFC 6761 section 6.4), so nothing can be
 * reached by it without the resolver.
 *
 * @throws ServicesOptionError
 */
function originOf (name: string, { resolve, allowedServers, spiffeId }: ServiceOptions, where: string): string {
  if (resolve === undefined) {
    throw wrongOption(ServicesOptionError, `${where}.origin`, 'missing', 'an https origin, or the option resolve')
  }
  if (spiffeId === undefined && allowedServers === undefined) {
    const expected = 'the option spiffeId, since there is no host name that the certificate could be for'
    throw wrongOption(ServicesOptionError, `${where}.origin`, 'missing', expected)
  }
  const label = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 60).replace(/^-+|-+$/g, '')
  return `https://${label === '' ? 'service' : label}.service.invalid`
}

function isHeaderObject (headers: unknown): boolean {
  return typeof headers === 'object' && headers !== null &&
    Object.values(headers).every((value) => typeof value === 'string')
}

function hasPath (origin: string): boolean {
  return /^https?:\/\//i.test(origin) && URL.canParse(origin) && new URL(origin).pathname !== '/'
}

/** A wrong path, with the flaws that are easily overlooked. */
function describePath (path: unknown): string {
  const found = describeValue(path)
  if (typeof path !== 'string' || path === '') return found
  if (!path.startsWith('/')) return `${found}, without a slash at its start`
  return path.endsWith('/') ? `${found}, with a slash at its end` : found
}

/** Whether a path begins with a slash, does not end with one, and has no `.` or `..` segments. */
function isPath (path: unknown): boolean {
  return typeof path === 'string' && /^\/([^/?#\s]+(\/[^/?#\s]+)*)?$/.test(path) &&
    !path.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment))
}

/**
 * @param options the argument of `request()` and `ready()`, or the second one of `fetch()`
 * @throws ServicesOptionError if they are no object, or their headers are wrong
 */
export function checkArgument (name: string, method: keyof typeof ARGUMENT, options: unknown): void {
  const where = `services.${name}.${method}`
  checkOption(options, ARGUMENT[method], `${where}: the argument`, ServicesOptionError)
  const { headers } = Object(options) as { readonly headers?: unknown }
  checkOption(headers, HEADERS, `${where}: headers`, ServicesOptionError)
}

/** @throws ServicesOptionError if `for()` was not given a request */
export function checkIncoming (name: string, request: unknown): void {
  checkOption(request, REQUEST, `services.${name}.for: request`, ServicesOptionError)
}

function isRequest (value: unknown): boolean {
  return isObject(value) && isObject((value as { readonly headers?: unknown }).headers) && 'id' in (value as object)
}

export function isObject (value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
