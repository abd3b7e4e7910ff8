import { joinApp } from '@peerkit/events'
import {
  defineOptions, describeValue, flag, func, list, methods, passedOn, required, valueOf, wrongValue
} from '@peerkit/identity/internal'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { AGENT_OPTIONS } from '@peerkit/undici-mtls/internal'
import type { AllowedServers, MtlsAgentOptions, OriginOptions } from '@peerkit/undici-mtls'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { fetch as undiciFetch } from 'undici'
import type { Dispatcher } from 'undici'
import { MTLS_ERR_SERVICES_OPTION } from './errors.ts'
import type { PropagateOptions } from './propagated-headers.ts'
import { nameMissing } from './named-services.ts'
import { createService } from './service.ts'
import type { Service } from './service.ts'
import { checkService } from './service-options.ts'
import type { ServiceOptions } from './service-options.ts'

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
const OPTIONS = defineOptions<FastifyMtlsClientOptions>('fastifyMtlsClient', MTLS_ERR_SERVICES_OPTION, {
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
  checkPlugin(options)
  const { mtls } = app as { readonly mtls?: { readonly credentials?: MtlsAgentOptions['credentials'] } }
  const { credentials = mtls?.credentials } = options
  if (credentials === undefined && options.dispatcher === undefined) refuseMissingCredentials(mtls !== undefined)
  const {
    services, requestIdHeader = 'x-request-id', propagateHeaders = [], trace = true, interceptors = [], dispatcher,
    ...agentOptions
  } = options
  const propagate: PropagateOptions = {
    requestIdHeader: requestIdHeader === false ? false : requestIdHeader.toLowerCase(),
    names: propagateHeaders.map((name) => name.toLowerCase()),
    trace
  }
  const byName: Record<string, Service> = Object.create(null)
  const agents: MtlsAgent[] = []
  try {
    for (const [name, service] of Object.entries(services) as Array<[string, ServiceOptions]>) {
      const agent = dispatcher === undefined
        ? createAgent(
          { ...agentOptions, ...(credentials !== undefined && { credentials }) } as AgentOptions, name, service
        )
        : undefined
      if (agent !== undefined) agents.push(agent)
      const composed = agent === undefined || interceptors.length === 0
        ? agent
        : agent.compose(...interceptors) as MtlsAgent
      const used = composed ?? dispatcher as Dispatcher
      byName[name] = createService({
        name,
        options: service,
        dispatcher: used,
        expects: agent?.describeServers(service.origin),
        fetch: composed?.fetch ?? (async (input, init) => await undiciFetch(input, { ...init, dispatcher: used })),
        propagate
      })
    }
  } catch (error) {
    await Promise.all(agents.map(async (agent) => { await agent.close() }))
    throw error
  }
  const named = nameMissing(byName) as unknown as Services
  // As a getter: Fastify asks a plain value for properties that no service has.
  app.decorate('mtlsServices', { getter: () => named })
  decorateRequest(app, byName)
  const leave = joinApp(app.server, ...agents)
  // onClose runs after the server answered its requests, so their calls are done too.
  app.addHook('onClose', async () => {
    await Promise.all(agents.map(async (agent) => { await agent.close() }))
    leave()
  })
}

/** @throws MTLS_ERR_SERVICES_OPTION */
function refuseMissingCredentials (isBehindGateway: boolean): never {
  throw new MTLS_ERR_SERVICES_OPTION(isBehindGateway
    ? 'credentials is missing: this app has no certificate of its own, because withMtls did not make its server; ' +
      'expected the option credentials, such as fileCredentials() returns'
    : 'credentials is missing, and no plugin has added those of the app; register @peerkit/fastify-mtls first, and ' +
      'await it, or give the option credentials, such as fileCredentials() returns')
}

type AgentOptions = Omit<MtlsAgentOptions, 'origins' | 'socketPath' | 'proxy'>

/** Each service has its own agent: two services at one origin may expect different servers there. */
function createAgent (agentOptions: AgentOptions, name: string, service: ServiceOptions): MtlsAgent {
  const { origin, allowedServers, credentials, servername, socketPath, proxy, connectTimeout } = service
  const own = Object.entries({ allowedServers, credentials, servername, socketPath, proxy })
    .filter(([, value]) => value !== undefined)
  try {
    return new MtlsAgent({
      ...agentOptions,
      ...(connectTimeout !== undefined && { connectTimeout }),
      origins: { [origin]: Object.fromEntries(own) as OriginOptions }
    })
  } catch (error) {
    throw nameService(error, name, origin)
  }
}

/** The agent names a rule by its origin. The author of the options wrote it under a service. */
function nameService (error: unknown, name: string, origin: string): unknown {
  const from = `origins["${origin}"]`
  const found = error as { message?: string, path?: string }
  if (typeof found?.message === 'string') found.message = found.message.replaceAll(from, `services.${name}`)
  if (typeof found?.path === 'string') found.path = found.path.replaceAll(from, `services.${name}`)
  return error
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

function checkPlugin (options: FastifyMtlsClientOptions): void {
  OPTIONS.check(options)
  const { services, propagateHeaders = [] } = options
  for (const [name, service] of Object.entries(services)) checkService(name, service as ServiceOptions)
  for (const [index, name] of propagateHeaders.entries()) {
    if (!NEVER_PROPAGATED.has(name.toLowerCase())) continue
    const expected = 'no header of one connection or message'
    throw wrongValue(MTLS_ERR_SERVICES_OPTION, `propagateHeaders[${index}]`, name, expected)
  }
}

function isObject (value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isHeaderName (name: unknown): name is string {
  return typeof name === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)
}

/**
 * Fastify plugin that calls other services over mutual TLS, by name: `app.mtlsServices.ledger.request({ path:
 * '/entries' })`.
 *
 * @throws MTLS_ERR_SERVICES_OPTION if an option of the plugin or of a service is wrong
 * @throws MTLS_ERR_OUTBOUND_OPTION or MTLS_ERR_RULE_INVALID if an option or rule of the agent is wrong
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
