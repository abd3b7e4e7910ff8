import { readOrigin } from '@peerkit/undici-mtls'
import type { AllowedServers } from '@peerkit/undici-mtls'
import { MTLS_ERR_SERVICES_OPTION } from './errors.ts'

export interface ServiceOptions {
  /** `https://host:port`, nothing more. */
  readonly origin: string
  /** Who may answer. Default: whoever's certificate is for the host name. */
  readonly allowedServers?: AllowedServers
  /** Put before every path. Default none. */
  readonly basePath?: string
  /** Sent with every request; the call's own headers win. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds until the response's headers. Default undici's. */
  readonly headersTimeout?: number
  /** Milliseconds between two pieces of the response's body. Default undici's. */
  readonly bodyTimeout?: number
}

const KNOWN = ['origin', 'allowedServers', 'basePath', 'headers', 'headersTimeout', 'bodyTimeout']

/** @throws MTLS_ERR_SERVICES_OPTION naming the service and the option */
export function checkService (name: string, options: ServiceOptions): void {
  const where = `services.${name}`
  if (options === null || typeof options !== 'object') throw new MTLS_ERR_SERVICES_OPTION(`${where} is ${String(options)}; expected an object with "origin"`)
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) throw new MTLS_ERR_SERVICES_OPTION(`${where} knows no "${key}"; expected ${KNOWN.join(', ')}`)
  }
  if (typeof options.origin !== 'string') throw new MTLS_ERR_SERVICES_OPTION(`${where}.origin is ${String(options.origin)}; expected an https origin`)
  try {
    readOrigin(options.origin)
  } catch (error) {
    throw new MTLS_ERR_SERVICES_OPTION(`${where}: ${(error as Error).message}`)
  }
  const { basePath } = options
  if (basePath !== undefined && !/^\/([^/?#]+(\/[^/?#]+)*)?$/.test(basePath)) throw new MTLS_ERR_SERVICES_OPTION(`${where}.basePath is ${JSON.stringify(basePath)}; expected a path such as /v1`)
}
