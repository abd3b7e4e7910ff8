import { joinApp } from '@peerkit/events'
import {
  defineOptions, describeValue, flag, func, list, methods, passedOn, required, valueOf, wrongValue
} from '@peerkit/identity/internal'
import type { AllowedServers, MtlsAgent, MtlsAgentOptions } from '@peerkit/undici-mtls'
import { AGENT_OPTIONS, mapErrors } from '@peerkit/undici-mtls/internal'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { fetch as undiciFetch } from 'undici'
import type { Dispatcher } from 'undici'
import type { PropagateOptions } from './call-headers.ts'
import { ServicesOptionError } from './errors.ts'
import { createAgent, nameMissing, withStatus } from './named-services.ts'
import type { AgentOptions } from './named-services.ts'
import { checkService, isObject } from './service-options.ts'
import type { NamedService, ServiceOptions } from './service-options.ts'
import { createService } from './service.ts'
import type { Fetch, Service } from './service.ts'

/**
 * Declare your services here to have their names checked: `declare module '@peerkit/fastify-mtls-client' { interface
 * MtlsServices { ledger: true } }`.
 */
export interface MtlsServices {}

/** The type of `app.mtlsServices`: the declared names, or any name if none is declared. */
export type Services = [keyof MtlsServices] extends [never]
  ? { readonly [name: string]: Service }
  : { readonly [name in keyof MtlsServices]: Service }

type ServiceNames = [keyof MtlsServices] extends [never] ? string : keyof MtlsServices

/** Options of `@peerkit/fastify-mtls-client`: its own, and those of `MtlsAgent` for all services. */
export interface FastifyMtlsClientOptions extends
  Omit<MtlsAgentOptions, 'credentials' | 'origins' | 'allowedServers' | 'socketPath' | 'proxy'> {
  /** The certificate to present and the CAs to trust. Default: the credentials of the app, given to `withMtls`. */
  readonly credentials?: MtlsAgentOptions['credentials']
  /** The services by name. At least one. */
  readonly services: { readonly [name in ServiceNames]?: ServiceOptions }
  /** Who may answer, for services without `allowedServers`. Default: the certificate must be for the host name. */
  readonly allowedServers?: AllowedServers
  /** The header that carries the id of the incoming request, or false for none. Default `x-request-id`. */
  readonly requestIdHeader?: string | false
  /**
   * More headers of the incoming request to forward, such as `baggage`. Default: none, since not every service should
   * see what a client sent.
   */
  readonly propagateHeaders?: readonly string[]
  /**
   * Whether to forward `traceparent` and `tracestate` of the incoming request. Where OpenTelemetry has an active span,
   * its instrumentation writes them instead. Default true.
   */
  readonly trace?: boolean
  /** undici interceptors around the agent of each service, such as `interceptors.retry()`. Default: none. */
  readonly interceptors?: readonly Dispatcher.DispatcherComposeInterceptor[]
  /** For tests: undici's MockAgent, used in place of the agents, which are then not made. You close it. */
  readonly dispatcher?: Dispatcher
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The services of the option `services`, by name. */
    mtlsServices: Services
  }
  interface FastifyRequest {
    /** The same services, which forward the trace context and id of this request. */
    mtlsServices: Services
  }
}

/**
 * Headers about one connection or message, or that authenticate the client to a proxy. Forwarding them would be wrong.
 */
const NEVER_PROPAGATED = new Set([
  'host', 'connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'content-length', 'content-type',
  'content-encoding', 'expect', 'proxy-authorization', 'proxy-connection'
])

const { origins: _origins, socketPath: _socketPath, proxy: _proxy, ...AGENT } = AGENT_OPTIONS
const HEADER_NAME = valueOf('a header name', isHeaderName)
const OPTIONS = defineOptions<FastifyMtlsClientOptions>('fastifyMtlsClient', ServicesOptionError, {
  ...passedOn(AGENT),
  services: required(valueOf(
    "at least one service by name, such as { ledger: { origin: 'https://ledger.internal:8443' } }",
    (services) => isObject(services) && Object.keys(services as object).length > 0,
    (services) => isObject(services) ? 'empty' : describeValue(services)
  )),
  requestIdHeader: valueOf('a header name, or false', (name) => name === false || isHeaderName(name)),
  propagateHeaders: list('header names', HEADER_NAME),
  trace: flag,
  interceptors: list('undici interceptors', func('an undici interceptor such as interceptors.retry() returns')),
  dispatcher: methods(['dispatch'], 'an undici dispatcher such as MockAgent')
})

const mtlsClient: FastifyPluginAsync<FastifyMtlsClientOptions> = async (app: FastifyInstance, options) => {
  const named = checkPlugin(options)
  const { mtls } = app as { readonly mtls?: { readonly credentials?: MtlsAgentOptions['credentials'] } }
  const { credentials = mtls?.credentials } = options
  if (credentials === undefined && options.dispatcher === undefined) refuseMissingCredentials(mtls !== undefined)
  const {
    services: _services, requestIdHeader = 'x-request-id', propagateHeaders = [], trace = true, interceptors = [],
    dispatcher,
    ...agentOptions
  } = options
  const propagate: PropagateOptions = {
    requestIdHeader: requestIdHeader === false ? false : requestIdHeader.toLowerCase(),
    names: propagateHeaders.map((name) => name.toLowerCase()),
    trace
  }
  const shared = { ...agentOptions, ...(credentials !== undefined && { credentials }) } as AgentOptions
  const byName: Record<string, Service> = Object.create(null)
  const agents: MtlsAgent[] = []
  try {
    for (const [name, service] of named) {
      const context = { name, options: service, propagate }
      if (dispatcher !== undefined) {
        const fetch: Fetch = async (input, init) => await undiciFetch(input, { ...init, dispatcher })
        byName[name] = createService({ ...context, dispatcher, expects: undefined, fetch })
        continue
      }
      const agent = createAgent(shared, name, service)
      agents.push(agent)
      const used = mapErrors(interceptors.length === 0 ? agent : agent.compose(...interceptors), withStatus)
      byName[name] = createService({
        ...context, dispatcher: used, expects: agent.describeServers(service.origin), fetch: used.fetch
      })
    }
  } catch (error) {
    await Promise.all(agents.map(async (agent) => { await agent.close() }))
    throw error
  }
  const all = nameMissing(byName) as unknown as Services
  // As a getter: Fastify asks a plain value for properties that no service has.
  app.decorate('mtlsServices', { getter: () => all })
  decorateRequest(app, byName)
  const leave = joinApp(app.server, ...agents)
  // onClose runs after the server answered its requests, so their calls are done too.
  app.addHook('onClose', async () => {
    await Promise.all(agents.map(async (agent) => { await agent.close() }))
    leave()
  })
}

/** @throws ServicesOptionError */
function refuseMissingCredentials (isBehindGateway: boolean): never {
  throw new ServicesOptionError(isBehindGateway
    ? 'credentials is missing: this app has no certificate of its own, because withMtls did not make its server; ' +
      'expected the option credentials, such as fileCredentials() returns'
    : 'credentials is missing, and no plugin has added those of the app; register @peerkit/fastify-mtls first, and ' +
      'await it, or give the option credentials, such as fileCredentials() returns')
}

function decorateRequest (app: FastifyInstance, byName: Readonly<Record<string, Service>>): void {
  const bound = new WeakMap<object, Services>()
  app.decorateRequest('mtlsServices', {
    getter () {
      let own = bound.get(this)
      if (own === undefined) {
        own = nameMissing(
          Object.fromEntries(Object.entries(byName).map(([name, service]) => [name, service.for(this)]))
        ) as unknown as Services
        bound.set(this, own)
      }
      return own
    }
  })
}

/** @throws ServicesOptionError */
function checkPlugin (options: FastifyMtlsClientOptions): ReadonlyMap<string, NamedService> {
  OPTIONS.check(options)
  const { services, propagateHeaders = [] } = options
  const named = new Map(Object.entries(services).map(([name, service]) => {
    return [name, checkService(name, service as ServiceOptions)]
  }))
  for (const [index, name] of propagateHeaders.entries()) {
    if (!NEVER_PROPAGATED.has(name.toLowerCase())) continue
    const expected = 'no header of one connection or message'
    throw wrongValue(ServicesOptionError, `propagateHeaders[${index}]`, name, expected)
  }
  return named
}

function isHeaderName (name: unknown): name is string {
  return typeof name === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)
}

/**
 * Fastify plugin that calls other services over mutual TLS, by name: `app.mtlsServices.ledger.request({ path:
 * '/entries' })`.
 *
 * @throws ServicesOptionError if an option of the plugin or of a service is wrong
 * @throws OutboundOptionError or RuleInvalidError if an option or rule of the agent is wrong
 * @example
 * ```ts
 * const app = Fastify(withMtls(credentials))
 * await app.register(fastifyMtls)
 * await app.register(fastifyMtlsClient, {
 *   services: { ledger: { origin: 'https://ledger.internal:8443', allowedServers: { cn: 'ledger' } } }
 * })
 * console.log(app.mtlsServices['ledger']?.expects) // which server must answer
 * await app.close()
 * ```
 */
const fastifyMtlsClient: FastifyPluginAsync<FastifyMtlsClientOptions> = fp(mtlsClient, {
  fastify: '5.x', name: '@peerkit/fastify-mtls-client'
})
export default fastifyMtlsClient
