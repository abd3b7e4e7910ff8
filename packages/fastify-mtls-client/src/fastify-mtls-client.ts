import { MtlsAgent } from '@peerkit/undici-mtls'
import type { AllowedServers, MtlsAgentOptions, OriginOptions } from '@peerkit/undici-mtls'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { fetch as undiciFetch } from 'undici'
import type { Dispatcher } from 'undici'
import { MTLS_ERR_SERVICES_OPTION } from './errors.ts'
import type { PropagateOptions } from './propagated-headers.ts'
import { createService } from './service.ts'
import type { Service } from './service.ts'
import { checkKnown, checkService } from './service-options.ts'
import type { ServiceOptions } from './service-options.ts'

/** Declare your services here to have their names checked: `declare module '@peerkit/fastify-mtls-client' { interface MtlsServices { ledger: true } }`. */
export interface MtlsServices {}

/** The decorator's type: the declared names, or any name where none is declared. */
export type Services = [keyof MtlsServices] extends [never] ? { readonly [name: string]: Service } : { readonly [name in keyof MtlsServices]: Service }

type ServiceNames = [keyof MtlsServices] extends [never] ? string : keyof MtlsServices

export interface FastifyMtlsClientOptions extends Omit<MtlsAgentOptions, 'credentials' | 'origins' | 'allowedServers' | 'socketPath' | 'proxy'> {
  /** What we present, and whom we trust. Default: the credentials of the app, which `withMtls` got. */
  readonly credentials?: MtlsAgentOptions['credentials']
  readonly services: { readonly [name in ServiceNames]?: ServiceOptions }
  /** Who may answer, where a service does not say. */
  readonly allowedServers?: AllowedServers
  /** The header for the id of the request that a call is made for, or false for none. Default `x-request-id`. */
  readonly requestIdHeader?: string | false
  /** Further headers of that request that go along, such as `baggage`. Default: none, since not every service should see what a client sent. */
  readonly propagateHeaders?: readonly string[]
  /** Made around each service's agent: interceptors such as undici's `interceptors.retry()`. */
  readonly interceptors?: readonly Dispatcher.DispatcherComposeInterceptor[]
  /** Used in place of the agents, which then are not made at all: undici's MockAgent, in tests. It is the caller's to close. */
  readonly dispatcher?: Dispatcher
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The services that this app calls, by name. */
    mtlsServices: Services
  }
  interface FastifyRequest {
    /** The same, calling in the name of this request: its trace context and id go along. */
    mtlsServices: Services
  }
}

const OWN = ['services', 'requestIdHeader', 'propagateHeaders', 'interceptors', 'dispatcher', 'allowedServers']
const AGENT = ['credentials', 'servers', 'revocation', 'algorithms', 'allowH2', 'connectTimeout', 'minVersion', 'maxVersion', 'ciphers', 'now', 'connections', 'pipelining', 'keepAliveTimeout', 'keepAliveMaxTimeout',
  'keepAliveTimeoutThreshold', 'headersTimeout', 'bodyTimeout', 'maxHeaderSize', 'maxResponseSize', 'maxRequestsPerClient', 'strictContentLength', 'maxConcurrentStreams', 'clientTtl', 'localAddress']
/** Headers that speak of one connection or one message, or that prove who somebody is: passed on they would say it of us. */
const NEVER_PROPAGATED = new Set(['host', 'connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'content-length', 'content-type', 'content-encoding', 'expect', 'proxy-authorization', 'proxy-connection'])

const mtlsClient: FastifyPluginAsync<FastifyMtlsClientOptions> = async (app: FastifyInstance, options) => {
  checkPlugin(options)
  const { credentials = (app as { readonly mtls?: { readonly credentials?: MtlsAgentOptions['credentials'] } }).mtls?.credentials } = options
  const { services, requestIdHeader = 'x-request-id', propagateHeaders = [], interceptors = [], dispatcher, ...agentOptions } = options
  const propagate: PropagateOptions = { requestIdHeader: requestIdHeader === false ? false : requestIdHeader.toLowerCase(), names: propagateHeaders.map((name) => name.toLowerCase()) }
  const byName: Record<string, Service> = Object.create(null)
  const agents: MtlsAgent[] = []
  try {
    for (const [name, service] of Object.entries(services) as Array<[string, ServiceOptions]>) {
      const agent = dispatcher === undefined ? createAgent({ ...agentOptions, ...(credentials !== undefined && { credentials }) } as AgentOptions, service) : undefined
      if (agent !== undefined) agents.push(agent)
      const composed = agent === undefined || interceptors.length === 0 ? agent : agent.compose(...interceptors) as MtlsAgent
      const used = composed ?? dispatcher as Dispatcher
      byName[name] = createService({ name, options: service, dispatcher: used, expects: agent?.describeServers(service.origin), fetch: composed?.fetch ?? (async (input, init) => await undiciFetch(input, { ...init, dispatcher: used })), propagate })
    }
  } catch (error) {
    await Promise.all(agents.map(async (agent) => { await agent.close() }))
    throw error
  }
  app.decorate('mtlsServices', Object.freeze(byName) as unknown as Services)
  decorateRequest(app, byName)
  // onClose runs when the server has answered what it was asked: only then are the calls for it done too.
  app.addHook('onClose', async () => { await Promise.all(agents.map(async (agent) => { await agent.close() })) })
}

type AgentOptions = Omit<MtlsAgentOptions, 'origins' | 'socketPath' | 'proxy'>

/** One agent for each service: two services at one origin may expect different servers there. */
function createAgent (agentOptions: AgentOptions, service: ServiceOptions): MtlsAgent {
  const { origin, allowedServers, credentials, servername, socketPath, proxy, connectTimeout } = service
  const own = Object.entries({ allowedServers, credentials, servername, socketPath, proxy }).filter(([, value]) => value !== undefined)
  return new MtlsAgent({ ...agentOptions, ...(connectTimeout !== undefined && { connectTimeout }), origins: { [origin]: Object.fromEntries(own) as OriginOptions } })
}

function decorateRequest (app: FastifyInstance, byName: Readonly<Record<string, Service>>): void {
  const bound = new WeakMap<object, Services>()
  app.decorateRequest('mtlsServices', {
    getter () {
      let own = bound.get(this)
      if (own === undefined) {
        own = Object.freeze(Object.fromEntries(Object.entries(byName).map(([name, service]) => [name, service.for(this)]))) as unknown as Services
        bound.set(this, own)
      }
      return own
    }
  })
}

function checkPlugin (options: FastifyMtlsClientOptions): void {
  checkKnown(options, [...OWN, ...AGENT], 'fastify-mtls-client')
  const { services, requestIdHeader, propagateHeaders = [] } = options
  const refuse = (message: string): never => { throw new MTLS_ERR_SERVICES_OPTION(message) }
  if (services === null || typeof services !== 'object' || Object.keys(services).length === 0) refuse('services is empty; expected at least one service with its origin')
  for (const [name, service] of Object.entries(services)) checkService(name, service as ServiceOptions)
  if (requestIdHeader !== undefined && requestIdHeader !== false && !isHeaderName(requestIdHeader)) refuse(`requestIdHeader is ${JSON.stringify(requestIdHeader)}; expected a header name, or false`)
  if (!Array.isArray(propagateHeaders)) refuse('propagateHeaders is no list; expected header names')
  for (const name of propagateHeaders) {
    if (!isHeaderName(name)) refuse(`propagateHeaders holds ${JSON.stringify(name)}; expected a header name`)
    if (NEVER_PROPAGATED.has(name.toLowerCase())) refuse(`propagateHeaders holds ${JSON.stringify(name)}, which speaks of one message alone`)
  }
}

function isHeaderName (name: unknown): name is string {
  return typeof name === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)
}

/** Calls to other services over mutual TLS, by name: `app.mtlsServices.ledger.request({ path: '/entries' })`. */
const fastifyMtlsClient: FastifyPluginAsync<FastifyMtlsClientOptions> = fp(mtlsClient, { fastify: '5.x', name: '@peerkit/fastify-mtls-client' })
export default fastifyMtlsClient
