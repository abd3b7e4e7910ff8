import { getServerIdentity } from '@peerkit/undici-mtls'
import type { FastifyRequest } from 'fastify'
import { request as undiciRequest } from 'undici'
import type { Dispatcher, fetch as undiciFetch } from 'undici'
import { propagateHeaders } from './propagated-headers.ts'
import type { PropagateOptions } from './propagated-headers.ts'
import { MTLS_ERR_SERVICES_OPTION, MTLS_ERR_SERVICES_NOT_READY } from './errors.ts'
import { lowerCaseHeaders } from './header-object.ts'
import type { ServiceOptions } from './service-options.ts'

type Fetch = typeof undiciFetch

export type CallOptions = Omit<Dispatcher.RequestOptions, 'origin' | 'path' | 'method'> & { readonly path: string, readonly method?: Dispatcher.HttpMethod }

/** A service by name: calls go to its one origin, over mutual TLS, and only to who is meant. */
export interface Service {
  readonly name: string
  readonly origin: string
  /** Who must answer there, for people; undefined where the caller's own dispatcher decides. */
  readonly expects: string | undefined
  /** The dispatcher behind it, for what is not here: `stream`, `pipeline`, a WebSocket. Paths are whole there. */
  readonly dispatcher: Dispatcher
  /**
   * As undici's `request`. `path` begins with a slash and stands behind the service's base path. Default method GET.
   *
   * @throws MTLS_ERR_SERVICES_OPTION for a path that is none; the outbound errors of \@peerkit/undici-mtls
   */
  request (options: CallOptions): Promise<Dispatcher.ResponseData>
  /** As `fetch`, with a path in place of a URL. */
  fetch (path: string, init?: Parameters<Fetch>[1]): ReturnType<Fetch>
  /** The same service, calling in the name of a request: its trace context and id go along. */
  for (request: FastifyRequest): Service
  /**
   * Resolves when the service can be reached, is who is meant, takes our certificate and answers below 500; says who it is.
   *
   * @throws MTLS_ERR_SERVICES_NOT_READY for an answer of 500 and more; the outbound errors of \@peerkit/undici-mtls
   */
  ready (options?: { readonly signal?: AbortSignal }): Promise<{ readonly statusCode: number, readonly server: ReturnType<typeof getServerIdentity> }>
}

export interface ServiceMeans {
  readonly name: string
  readonly options: ServiceOptions
  readonly dispatcher: Dispatcher
  readonly expects: string | undefined
  readonly fetch: Fetch
  readonly propagate: PropagateOptions
}

export function createService (means: ServiceMeans, carried: Readonly<Record<string, string>> = {}): Service {
  const { name, options, dispatcher } = means
  const { origin, timeout, headersTimeout, bodyTimeout, readyPath = '/' } = options
  const timeouts = { ...(headersTimeout !== undefined && { headersTimeout }), ...(bodyTimeout !== undefined && { bodyTimeout }) }
  const headersOf = (own: unknown): Record<string, string | string[]> => ({ ...lowerCaseHeaders(options.headers), ...carried, ...lowerCaseHeaders(own) })
  const limit = (signal: unknown): object => {
    if (timeout === undefined) return signal === undefined || signal === null ? {} : { signal }
    const ends = AbortSignal.timeout(timeout)
    return { signal: signal instanceof AbortSignal ? AbortSignal.any([signal, ends]) : ends }
  }

  async function request ({ path, method = 'GET', headers, signal, ...rest }: CallOptions): Promise<Dispatcher.ResponseData> {
    return await undiciRequest(locate(means, path), { ...timeouts, ...rest, ...limit(signal), method, headers: headersOf(headers), dispatcher } as Parameters<typeof undiciRequest>[1]) as Dispatcher.ResponseData
  }

  return Object.freeze({
    name,
    origin,
    expects: means.expects,
    dispatcher,
    request,
    fetch: (async (path: string, init: any = {}) => await means.fetch(locate(means, path), { ...init, ...limit(init.signal), headers: headersOf(init.headers) })) as Service['fetch'],
    for: (incoming: FastifyRequest) => createService(means, propagateHeaders(incoming, means.propagate)),
    ready: async ({ signal }: { readonly signal?: AbortSignal } = {}) => {
      const response = await request({ path: readyPath, ...(signal !== undefined && { signal }) })
      await response.body.dump()
      if (response.statusCode >= 500) throw new MTLS_ERR_SERVICES_NOT_READY(name, String(response.statusCode))
      return { statusCode: response.statusCode, server: getServerIdentity(response) }
    }
  })
}

/** The URL of a path of the service. A path that would leave the service's base is refused, not cut down. */
function locate ({ name, options: { origin, basePath = '' } }: ServiceMeans, path: string): URL {
  const refuse = (why: string): never => { throw new MTLS_ERR_SERVICES_OPTION(`services.${name}: path is ${JSON.stringify(path)}; ${why}`) }
  if (typeof path !== 'string' || !path.startsWith('/')) refuse('expected one that begins with a slash')
  const prefix = basePath === '/' ? '' : basePath
  const url = new URL(`${origin}${prefix}${path}`)
  const isWithin = url.origin === new URL(origin).origin && (prefix === '' || url.pathname.startsWith(`${prefix}/`))
  if (!isWithin) refuse(`it leads out of ${prefix}`)
  return url
}
