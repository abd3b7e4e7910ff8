import type { PeerIdentity } from '@peerkit/identity'
import { fetch, FormData as OwnFormData, Request as OwnRequest } from 'undici'
import type { BodyInit, Dispatcher, RequestInfo, RequestInit, Response } from 'undici'
import { kOnServer, kServer } from './exchange.ts'
import type { Dispatch } from './handlers.ts'

/**
 * The `fetch` of undici and that of Node. It takes the classes of both, so it can stand in for the global `fetch`. Its
 * responses are undici's: they have all members of Node's `Response`, and are no instances of it.
 */
export type AgentFetch = typeof fetch & typeof globalThis.fetch

const servers = new WeakMap<Response, PeerIdentity>()

/**
 * Makes a `fetch` that sends by `dispatch`. It is the fetch of the undici that this package imports, so their versions
 * fit.
 */
export function bindFetch (dispatch: Dispatch): AgentFetch {
  return async function fetchByAgent (
    input: Parameters<typeof fetch>[0], init?: Parameters<typeof fetch>[1]
  ): Promise<Response> {
    let server: PeerIdentity | undefined
    // After a redirect it is the last server.
    const onServer = (found: PeerIdentity | undefined): void => { server = found }
    const dispatcher = {
      dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) =>
        dispatch({ ...options, [kOnServer]: onServer } as Dispatcher.DispatchOptions, handler)
    }
    const [ownInput, ownInit] = adoptRequest(input, init)
    const response = await fetch(ownInput, { ...ownInit, dispatcher: dispatcher as Dispatcher })
    if (server !== undefined) servers.set(response, server)
    return response
  } as AgentFetch
}

/**
 * Returns the identity of the server that sent a response.
 *
 * @param response of `request`, `stream` or `pipeline` (by its `context`), or of `agent.fetch`
 * @returns undefined if the response came from a cache, without an MtlsAgent, or from the built-in `fetch`, whose
 *   responses cannot be recognized
 * @example
 * ```ts
 * const agent = new MtlsAgent({ credentials })
 * const app = Fastify(withMtls(credentials, { mtls: { gateOnly: true } })).get('/', async () => 'booked')
 * const response = await agent.fetch(await app.listen({ host: '127.0.0.1', port: 0 }))
 * console.log(String(getServerIdentity(response))) // CN=ledger (sha256:…)
 * await response.text()
 * await agent.close()
 * await app.close()
 * ```
 */
export function getServerIdentity (response: object): PeerIdentity | undefined {
  const { context } = response as { readonly context?: { readonly [kServer]?: PeerIdentity } | null }
  return context?.[kServer] ?? servers.get(response as Response)
}

/**
 * Takes what every `fetch` takes. Node's own `Request` and `FormData`, and those of another installed undici, are other
 * classes than those of the undici that this package imports, and undici would read them as text: `[object Request]`.
 */
function adoptRequest (
  input: RequestInfo, init: RequestInit | undefined
): [RequestInfo, RequestInit | undefined] {
  const foreign = isForeignRequest(input) ? input : undefined
  const own = foreign === undefined ? input : toOwnRequest(foreign)
  if (init?.body === undefined || !isForeignFormData(init.body)) return [own, init]
  return [own, { ...init, body: toOwnFormData(init.body) as unknown as BodyInit }]
}

function isForeignRequest (input: RequestInfo): input is OwnRequest {
  return tagOf(input) === '[object Request]' && !(input instanceof OwnRequest)
}

function toOwnRequest (input: OwnRequest): OwnRequest {
  if (input.bodyUsed) throw new TypeError('The body of the Request was already used')
  const { url, method, headers, body, redirect, signal, integrity, keepalive, referrer, referrerPolicy } = input
  return new OwnRequest(url, {
    method,
    headers: [...headers],
    redirect,
    signal,
    integrity,
    keepalive,
    referrer,
    referrerPolicy,
    ...(body !== null && { body, duplex: 'half' })
  })
}

function isForeignFormData (body: unknown): body is FormData {
  // The form-data of npm has this tag too, and is a stream.
  return tagOf(body) === '[object FormData]' && !(body instanceof OwnFormData) && Symbol.iterator in (body as object)
}

function toOwnFormData (body: FormData): OwnFormData {
  const own = new OwnFormData()
  for (const [name, value] of body) {
    if (typeof value === 'string') own.append(name, value)
    else own.append(name, value, value.name)
  }
  return own
}

/** What the Web's classes are told by across realms and copies. */
function tagOf (value: unknown): string {
  return Object.prototype.toString.call(value)
}
