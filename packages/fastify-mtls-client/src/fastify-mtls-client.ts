import { MtlsAgent } from '@peerkit/undici-mtls'
import type { MtlsAgentOptions } from '@peerkit/undici-mtls'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { MTLS_ERR_SERVICES_OPTION } from './errors.ts'
import { createService } from './service.ts'
import type { Service } from './service.ts'
import { checkService } from './service-options.ts'
import type { ServiceOptions } from './service-options.ts'

/** Declare your services here to have their names checked: `declare module '@peerkit/fastify-mtls-client' { interface MtlsServices { ledger: true } }`. */
export interface MtlsServices {}

/** The decorator's type: the declared names, or any name where none is declared. */
export type Services = [keyof MtlsServices] extends [never] ? Readonly<Record<string, Service>> & { readonly [name: string]: Service } : { readonly [name in keyof MtlsServices]: Service }

export interface FastifyMtlsClientOptions extends Omit<MtlsAgentOptions, 'origins' | 'allowedServers'> {
  readonly services: Readonly<Record<string, ServiceOptions>>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The services that this app calls, by name. */
    services: Services
  }
}

const mtlsClient: FastifyPluginAsync<FastifyMtlsClientOptions> = async (app: FastifyInstance, options) => {
  const { services, ...agentOptions } = options
  if (services === null || typeof services !== 'object' || Object.keys(services).length === 0) throw new MTLS_ERR_SERVICES_OPTION('services is empty; expected at least one service with its origin')
  const byName: Record<string, Service> = Object.create(null)
  const agents: MtlsAgent[] = []
  for (const [name, service] of Object.entries(services)) {
    checkService(name, service)
    // An agent a service: two services at one origin may expect different servers there.
    const { origin, allowedServers } = service
    const agent = new MtlsAgent({ ...agentOptions, origins: { [origin]: allowedServers === undefined ? {} : { allowedServers } } })
    agents.push(agent)
    byName[name] = createService(name, service, agent)
  }
  app.decorate('services', Object.freeze(byName) as unknown as Services)
  // onClose runs when the server has answered what it was asked: only then are the calls for it done too.
  app.addHook('onClose', async () => { await Promise.all(agents.map(async (agent) => { await agent.close() })) })
}

/** Calls to other services over mutual TLS, by name: `app.services.ledger.request({ path: '/entries' })`. */
const fastifyMtlsClient: FastifyPluginAsync<FastifyMtlsClientOptions> = fp(mtlsClient, { fastify: '5.x', name: '@peerkit/fastify-mtls-client' })
export default fastifyMtlsClient
