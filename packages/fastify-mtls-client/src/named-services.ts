import { suggestNearest } from '@peerkit/identity/internal'
import { MtlsAgent, OutboundCredentialsExpiredError, OutboundError } from '@peerkit/undici-mtls'
import type { MtlsAgentOptions, OriginOptions, ResolveQuestion } from '@peerkit/undici-mtls'
import { ServicesOptionError } from './errors.ts'
import type { NamedService } from './service-options.ts'
import type { Service } from './service.ts'

/** The options that the agents of all services have in common. */
export type AgentOptions = Omit<MtlsAgentOptions, 'origins' | 'socketPath' | 'proxy'>

/** Each service has its own agent: two services at one origin may expect different servers there. */
export function createAgent (agentOptions: AgentOptions, name: string, service: NamedService): MtlsAgent {
  const { origin, spiffeId, resolve, credentials, servername, socketPath, proxy, connectTimeout, resolveTtl } = service
  const allowedServers = spiffeId === undefined ? service.allowedServers : { spiffe: spiffeId }
  const own = Object.entries({
    allowedServers,
    credentials,
    servername,
    socketPath,
    proxy,
    resolveTtl,
    resolve: resolve && (async ({ signal }: ResolveQuestion) => await resolve({ name, spiffeId, signal }))
  })
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

/**
 * Gives an outbound error the status with which Fastify answers where a route does not catch it: 502, since the other
 * side is at fault, or is taken to be. It is 500 for an own certificate that has expired, as for all other errors.
 */
export function withStatus (error: Error): Error {
  const isBadGateway = error instanceof OutboundError && !(error instanceof OutboundCredentialsExpiredError)
  return isBadGateway ? Object.assign(error, { statusCode: 502 }) : error
}

/** Names that JavaScript itself, loggers and test tools ask any object for. No service has one of them. */
const ASKED_OF_ANYTHING = new Set([
  'then', 'toJSON', 'constructor', 'prototype', '__proto__', 'inspect', 'nodeType', '$$typeof', 'asymmetricMatch'
])

/**
 * Freezes the services, and says which ones there are where a misspelt one is read. Without this its caller would get
 * "Cannot read properties of undefined". `'name' in services` says whether there is one.
 */
export function nameMissing (byName: Record<string, Service>): Readonly<Record<string, Service>> {
  const services: Record<string, Service> = Object.assign(Object.create(null), byName)
  return new Proxy(Object.freeze(services), {
    get (target, name) {
      if (typeof name === 'symbol' || Object.hasOwn(target, name)) return target[name as string]
      if (ASKED_OF_ANYTHING.has(name)) return undefined
      const known = Object.keys(target)
      const hint = suggestNearest(name, known)
      throw new ServicesOptionError(
        `there is no service ${JSON.stringify(name)}; expected one of ${known.join(', ')}` + (hint && `; ${hint}`)
      )
    }
  })
}
