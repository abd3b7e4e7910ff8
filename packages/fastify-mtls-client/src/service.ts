import type { MtlsAgent } from '@peerkit/undici-mtls'
import type { FastifyRequest } from 'fastify'
import { request as undiciRequest } from 'undici'
import type { Dispatcher } from 'undici'
import { MTLS_ERR_SERVICES_OPTION } from './errors.ts'
import type { ServiceOptions } from './service-options.ts'

/** Headers of the request being answered that a call in its name carries on: W3C trace context and the request's id. */
const CARRIED = ['traceparent', 'tracestate', 'baggage'] as const

export type CallOptions = Omit<Dispatcher.RequestOptions, 'origin' | 'path' | 'method'> & { readonly path: string, readonly method?: Dispatcher.HttpMethod }

/** A service by name: calls go to its one origin, over mutual TLS, and only to who is meant. */
export interface Service {
  readonly name: string
  readonly origin: string
  /** As undici's `request`. `path` begins with a slash and stands behind the service's base path. Default method GET. */
  request (options: CallOptions): Promise<Dispatcher.ResponseData>
  /** The same service, calling in the name of a request: its trace context and id go along. */
  for (request: FastifyRequest): Service
  /** Resolves when the service can be reached and is who is meant; rejects with what is wrong. Any HTTP answer will do. */
  ready (options?: { readonly path?: string, readonly signal?: AbortSignal }): Promise<void>
}

export function createService (name: string, options: ServiceOptions, agent: MtlsAgent, carried: Readonly<Record<string, string>> = {}): Service {
  const { origin, basePath = '', headersTimeout, bodyTimeout } = options
  const prefix = basePath === '/' ? '' : basePath
  const timeouts = { ...(headersTimeout !== undefined && { headersTimeout }), ...(bodyTimeout !== undefined && { bodyTimeout }) }

  async function request ({ path, method = 'GET', headers, ...rest }: CallOptions): Promise<Dispatcher.ResponseData> {
    if (!path.startsWith('/')) throw new MTLS_ERR_SERVICES_OPTION(`services.${name}: path is ${JSON.stringify(path)}; expected one that begins with a slash`)
    return await undiciRequest(`${origin}${prefix}${path}`, {
      ...timeouts, ...rest, method, headers: { ...lowerCase(options.headers), ...carried, ...lowerCase(headers) }, dispatcher: agent
    } as any)
  }

  return {
    name,
    origin,
    request,
    for: (incoming) => createService(name, options, agent, carriedHeaders(incoming)),
    ready: async ({ path = '/', signal } = {}) => {
      const { body } = await request({ path, method: 'HEAD', ...(signal !== undefined && { signal }) })
      await body.dump()
    }
  }
}

function carriedHeaders (request: FastifyRequest): Record<string, string> {
  const headers: Record<string, string> = { 'x-request-id': request.id }
  for (const name of CARRIED) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  return headers
}

/** Headers as an object with lower-case names, so that one given twice is one. */
function lowerCase (headers: unknown): Record<string, string | string[]> {
  if (headers === undefined || headers === null) return {}
  if (Array.isArray(headers)) {
    const object: Record<string, string | string[]> = {}
    for (let index = 0; index < headers.length; index += 2) object[String(headers[index]).toLowerCase()] = headers[index + 1]
    return object
  }
  const entries = Symbol.iterator in (headers as object) ? [...headers as Iterable<[string, string]>] : Object.entries(headers as object)
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]))
}
