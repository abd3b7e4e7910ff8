import { readOrigin } from '@peerkit/undici-mtls'
import type { AllowedServers, MtlsAgentOptions, ProxyOptions } from '@peerkit/undici-mtls'
import { MTLS_ERR_SERVICES_OPTION } from './errors.ts'

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

const DURATIONS = ['timeout', 'headersTimeout', 'bodyTimeout', 'connectTimeout'] as const
const KNOWN = [
  'origin', 'allowedServers', 'basePath', 'headers', ...DURATIONS, 'readyPath', 'credentials', 'servername',
  'socketPath', 'proxy'
]
/** Names of object properties. A service of that name would conflict with them. */
const RESERVED = new Set(['__proto__', 'constructor', 'then', 'toJSON'])

/** @throws MTLS_ERR_SERVICES_OPTION naming the service and the option */
export function checkService (name: string, options: ServiceOptions): void {
  const where = `services.${name}`
  const refuse = (message: string): never => { throw new MTLS_ERR_SERVICES_OPTION(message) }
  if (name === '' || RESERVED.has(name)) {
    refuse(`the name of a service is ${JSON.stringify(name)}; expected another name`)
  }
  if (options === null || typeof options !== 'object') {
    refuse(`${where} is ${String(options)}; expected an object with "origin"`)
  }
  checkKnown(options, KNOWN, where)
  if (typeof options.origin !== 'string') {
    refuse(`${where}.origin is ${String(options.origin)}; expected an https origin`)
  }
  try {
    readOrigin(options.origin)
  } catch (error) {
    const hint = hasPath(options.origin) ? '; put the path into basePath' : ''
    refuse(`${where}: ${(error as Error).message}${hint}`)
  }
  for (const name of ['basePath', 'readyPath'] as const) {
    const path = options[name]
    if (path !== undefined && !isPath(path)) {
      refuse(`${where}.${name} is ${JSON.stringify(path)}; expected a path such as /v1`)
    }
  }
  for (const name of DURATIONS) {
    const value = options[name]
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      refuse(`${where}.${name} is ${String(value)}; expected a whole number of milliseconds above 0`)
    }
  }
  if (options.headers !== undefined && !isHeaderObject(options.headers)) {
    refuse(`${where}.headers is not an object of strings; expected { name: 'value' }`)
  }
}

/** Refuses unknown options, and suggests the one that was probably meant. */
export function checkKnown (options: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const isMeant = (name: string): boolean => name.toLowerCase() === key.toLowerCase() ||
      name.startsWith(key) || key.startsWith(name)
    const meant = known.find(isMeant)
    const hint = meant === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${meant}"?`
    throw new MTLS_ERR_SERVICES_OPTION(`unknown option "${key}" for ${where}; ${hint}`)
  }
}

function isHeaderObject (headers: unknown): boolean {
  return typeof headers === 'object' && headers !== null &&
    Object.values(headers).every((value) => typeof value === 'string')
}

function hasPath (origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).pathname !== '/'
}

/** Whether a path begins with a slash, does not end with one, and has no `.` or `..` segments. */
function isPath (path: unknown): boolean {
  return typeof path === 'string' && /^\/([^/?#\s]+(\/[^/?#\s]+)*)?$/.test(path) &&
    !path.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment))
}
