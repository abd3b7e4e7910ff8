import { readOrigin } from '@peerkit/undici-mtls'
import type { AllowedServers, MtlsAgentOptions, ProxyOptions } from '@peerkit/undici-mtls'
import { MTLS_ERR_SERVICES_OPTION } from './errors.ts'

export interface ServiceOptions {
  /** `https://host:port`, nothing more. */
  readonly origin: string
  /** Who may answer. Default the plugin's `allowedServers`, else whoever's certificate is for the host name. */
  readonly allowedServers?: AllowedServers
  /** Put before every path. Default none. */
  readonly basePath?: string
  /** Sent with every request; what is carried on from a request and the call's own headers win. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds for a whole call, its body included. Default none. */
  readonly timeout?: number
  /** Milliseconds until the response's headers. Default undici's 300,000. */
  readonly headersTimeout?: number
  /** Milliseconds between two pieces of the response's body. Default undici's 300,000. */
  readonly bodyTimeout?: number
  /** Milliseconds for connecting, shaking hands and judging. Default 10,000. */
  readonly connectTimeout?: number
  /** What `ready()` asks for, behind the base path. Default `/`; any answer below 500 will do. */
  readonly readyPath?: string
  /** Presented to this service alone. Default the plugin's. */
  readonly credentials?: MtlsAgentOptions['credentials']
  readonly servername?: string
  readonly socketPath?: string
  readonly proxy?: string | ProxyOptions
}

const DURATIONS = ['timeout', 'headersTimeout', 'bodyTimeout', 'connectTimeout'] as const
const KNOWN = ['origin', 'allowedServers', 'basePath', 'headers', ...DURATIONS, 'readyPath', 'credentials', 'servername', 'socketPath', 'proxy']
/** An object's own. A service of that name would hide it, or it the service. */
const RESERVED = new Set(['__proto__', 'constructor', 'then', 'toJSON'])

/** @throws MTLS_ERR_SERVICES_OPTION naming the service and the option */
export function checkService (name: string, options: ServiceOptions): void {
  const where = `services.${name}`
  const refuse = (message: string): never => { throw new MTLS_ERR_SERVICES_OPTION(message) }
  if (name === '' || RESERVED.has(name)) refuse(`a service cannot be called ${JSON.stringify(name)}`)
  if (options === null || typeof options !== 'object') refuse(`${where} is ${String(options)}; expected an object with "origin"`)
  checkKnown(options, KNOWN, where)
  if (typeof options.origin !== 'string') refuse(`${where}.origin is ${String(options.origin)}; expected an https origin`)
  try {
    readOrigin(options.origin)
  } catch (error) {
    const hint = hasPath(options.origin) ? '; a path goes into basePath' : ''
    refuse(`${where}: ${(error as Error).message}${hint}`)
  }
  for (const name of ['basePath', 'readyPath'] as const) {
    const path = options[name]
    if (path !== undefined && !isPath(path)) refuse(`${where}.${name} is ${JSON.stringify(path)}; expected a path such as /v1`)
  }
  for (const name of DURATIONS) {
    const value = options[name]
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) refuse(`${where}.${name} is ${String(value)}; expected whole milliseconds, more than 0`)
  }
  if (options.headers !== undefined && (options.headers === null || typeof options.headers !== 'object' || Object.values(options.headers).some((value) => typeof value !== 'string'))) {
    refuse(`${where}.headers holds what is no text; expected an object of texts`)
  }
}

/** Refuses keys that nobody knows, and says which one was probably meant. */
export function checkKnown (options: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const meant = known.find((name) => name.toLowerCase() === key.toLowerCase() || name.startsWith(key) || key.startsWith(name))
    throw new MTLS_ERR_SERVICES_OPTION(`${where} knows no "${key}"${meant === undefined ? '' : ` (did you mean "${meant}"?)`}; expected ${known.join(', ')}`)
  }
}

function hasPath (origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).pathname !== '/'
}

/** Begins with a slash, ends without one, and has no segment that would climb out of it. */
function isPath (path: unknown): boolean {
  return typeof path === 'string' && /^\/([^/?#\s]+(\/[^/?#\s]+)*)?$/.test(path) && !path.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment))
}
