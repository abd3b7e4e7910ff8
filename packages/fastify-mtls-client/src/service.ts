import { describeValue } from '@peerkit/identity/internal'
import { getServerIdentity } from '@peerkit/undici-mtls'
import type { FastifyRequest } from 'fastify'
import { request as undiciRequest } from 'undici'
import type { Dispatcher, fetch as undiciFetch } from 'undici'
import { headersNow, lowerCaseHeaders, propagateHeaders } from './call-headers.ts'
import type { PropagateOptions } from './call-headers.ts'
import { ServicesNotReadyError, ServicesOptionError } from './errors.ts'
import { limitCall } from './limit-call.ts'
import { checkArgument, checkIncoming } from './service-options.ts'
import type { NamedService } from './service-options.ts'

export type Fetch = typeof undiciFetch

/** Options of a call: those of undici's `request`, with a path in place of a URL. */
export type CallOptions = Omit<Dispatcher.RequestOptions, 'origin' | 'path' | 'method'> & {
  readonly path: string
  readonly method?: Dispatcher.HttpMethod
}

/** A service. Calls go to its origin over mutual TLS, and fail if another server answers. */
export interface Service {
  /** The name, as in the option `services`. */
  readonly name: string
  /** The origin, as in the options. For a service that only a resolver knows: `https://NAME.service.invalid`. */
  readonly origin: string
  /** Says in words which server must answer; undefined if the option `dispatcher` is given. */
  readonly expects: string | undefined
  /** The undici dispatcher, for `stream`, `pipeline` or a WebSocket. It does not apply `basePath`. */
  readonly dispatcher: Dispatcher
  /**
   * Sends a request, as undici's `request` does.
   *
   * @param options `path` begins with a slash and is appended to `basePath`. `method` is GET by default
   * @returns status, headers and body, as from undici
   * @throws ServicesOptionError for an invalid path, or one that leads out of `basePath`
   * @throws ServicesTimeoutError if the call takes longer than the option `timeout`
   * @throws the outbound errors of \@peerkit/undici-mtls
   */
  request (options: CallOptions): Promise<Dispatcher.ResponseData>
  /**
   * Sends a request, as `fetch` does, with a path in place of a URL. Throws what `request` throws: an outbound error is
   * not hidden in a TypeError.
   */
  fetch (path: string, init?: Parameters<Fetch>[1]): ReturnType<Fetch>
  /** Returns the same service, which forwards the trace context and id of an incoming request. */
  for (request: FastifyRequest): Service
  /**
   * Checks whether the service can be reached, has the expected identity, accepts the app's certificate and answers
   * below 500.
   *
   * @returns the status and the server's identity
   * @throws ServicesNotReadyError for an answer of 500 or more
   * @throws ServicesTimeoutError if the call takes longer than the option `timeout`
   * @throws the outbound errors of \@peerkit/undici-mtls
   */
  ready (
    options?: { readonly signal?: AbortSignal }
  ): Promise<{ readonly statusCode: number, readonly server: ReturnType<typeof getServerIdentity> }>
}

/** What a service is made of. */
export interface ServiceContext {
  readonly name: string
  readonly options: NamedService
  readonly dispatcher: Dispatcher
  readonly expects: string | undefined
  readonly fetch: Fetch
  readonly propagate: PropagateOptions
}

export function createService (context: ServiceContext, forwarded: Readonly<Record<string, string>> = {}): Service {
  const { name, options, dispatcher } = context
  const { origin, timeout, headersTimeout, bodyTimeout, readyPath = '/' } = options
  const timeouts = {
    ...(headersTimeout !== undefined && { headersTimeout }), ...(bodyTimeout !== undefined && { bodyTimeout })
  }
  const headersOf = (own: unknown): Record<string, string | string[]> =>
    ({ ...lowerCaseHeaders(options.headers), ...headersNow(forwarded), ...lowerCaseHeaders(own) })
  async function request (call: CallOptions): Promise<Dispatcher.ResponseData> {
    checkArgument(name, 'request', call)
    const { path, method = 'GET', headers, signal, ...rest } = call
    return await undiciRequest(locate(context, path), {
      ...timeouts, ...rest, ...limitCall(name, timeout, signal), method, headers: headersOf(headers), dispatcher
    } as Parameters<typeof undiciRequest>[1]) as Dispatcher.ResponseData
  }

  return Object.freeze({
    name,
    origin,
    expects: context.expects,
    dispatcher,
    request,
    fetch: (async (path: string, init: any = {}) => {
      checkArgument(name, 'fetch', init)
      return await fetchPlainly(context.fetch, locate(context, path), {
        ...init, ...limitCall(name, timeout, init.signal), headers: headersOf(init.headers)
      })
    }) as Service['fetch'],
    for: (incoming: FastifyRequest) => {
      checkIncoming(name, incoming)
      return createService(context, propagateHeaders(incoming, context.propagate))
    },
    ready: async (options: { readonly signal?: AbortSignal } = {}) => {
      checkArgument(name, 'ready', options)
      const { signal } = options
      const response = await request({ path: readyPath, ...(signal !== undefined && { signal }) })
      await response.body.dump()
      if (response.statusCode >= 500) throw new ServicesNotReadyError(name, response.statusCode)
      return { statusCode: response.statusCode, server: getServerIdentity(response) }
    }
  })
}

/** Returns the URL of a path of the service. Refuses a path that leads out of `basePath`. */
function locate ({ name, options: { origin, basePath = '' } }: ServiceContext, path: string): URL {
  const refuse = (expected: string): never => {
    throw new ServicesOptionError(`services.${name}: path is ${describeValue(path)}; ${expected}`)
  }
  if (typeof path !== 'string' || !path.startsWith('/')) refuse('expected a path that begins with a slash')
  const prefix = basePath === '/' ? '' : basePath
  const url = new URL(`${origin}${prefix}${path}`)
  const isWithin = url.origin === new URL(origin).origin && (prefix === '' || url.pathname.startsWith(`${prefix}/`))
  if (!isWithin) refuse(`expected a path inside ${prefix}`)
  return url
}

/**
 * Sends by fetch, and throws the outbound error itself, as undici's `request` does. Fetch hides it as the cause of
 * "fetch failed", which Fastify would answer with 500 and without a code.
 */
async function fetchPlainly (fetch: Fetch, ...args: Parameters<Fetch>): ReturnType<Fetch> {
  try {
    return await fetch(...args)
  } catch (error) {
    const { cause } = error as Error
    const { code } = Object(cause) as { readonly code?: unknown }
    throw String(code).startsWith('MTLS_ERR_') ? cause : error
  }
}
