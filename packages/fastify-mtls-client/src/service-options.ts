import {
  checkOption, defineOptions, describeSecret, describeValue, duration, passedOn, required, secret, text, valueOf
} from '@peerkit/identity/internal'
import type { OptionType } from '@peerkit/identity/internal'
import { readOrigin } from '@peerkit/undici-mtls'
import type { AllowedServers, MtlsAgentOptions, ProxyOptions } from '@peerkit/undici-mtls'
import { ORIGIN_OPTIONS } from '@peerkit/undici-mtls/internal'
import { ServicesOptionError } from './errors.ts'

/** Options of one service. */
export interface ServiceOptions {
  /** `https://host:port`, without a path. */
  readonly origin: string
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
  origin: required(text('an https origin', true)),
  basePath: BASE_PATH,
  // They may contain a password or a token.
  headers: secret("an object of strings such as { name: 'value' }", isHeaderObject),
  timeout: TIMEOUT,
  headersTimeout: TIMEOUT,
  bodyTimeout: TIMEOUT,
  connectTimeout: TIMEOUT,
  readyPath: READY_PATH,
  ...passedOn(ORIGIN_OPTIONS)
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

/** @throws ServicesOptionError naming the service and the option */
export function checkService (name: string, options: ServiceOptions): void {
  const where = `services.${name}`
  const refuse = (message: string): never => { throw new ServicesOptionError(message) }
  if (name === '' || RESERVED.has(name)) {
    refuse(`the name of a service is ${JSON.stringify(name)}; expected another name`)
  }
  OPTIONS.check(options, where)
  try {
    readOrigin(options.origin)
  } catch (error) {
    const hint = hasPath(options.origin) ? '; put the path into basePath' : ''
    refuse(`${where}: ${(error as Error).message}${hint}`)
  }
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
