// The hook of fastify-allowed-clients with live requests over mutual TLS, to be called many times.
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import type { FastifyAllowedClientsOptions } from '@peerkit/fastify-allowed-clients'
import type { PeerIdentity } from '@peerkit/identity'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { once } from 'node:events'
import https from 'node:https'

type Hook = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void

export interface LiveGuard {
  /** Nanoseconds for each request, in a loop of allowed requests. */
  time (path: string, loop: number): number
  /** The same for other clients than the connected one, each used once. */
  timeFirst (path: string, peers: readonly PeerIdentity[]): number
  /** The cost of reading the identity and the route: the minimum of any hook. */
  timeReading (path: string, loop: number): number
  close (): Promise<void>
}

export type Handler = (request: FastifyRequest) => Promise<string>

export interface GuardedApp {
  /** The client that connects. */
  readonly client: { readonly cn: string, readonly ou?: string | string[], readonly spiffe?: string }
  readonly groups?: FastifyAllowedClientsOptions['groups']
  /** Adds the routes, each with the handler. */
  add (app: FastifyInstance, handler: Handler): void | Promise<void>
  /** The paths to be measured. */
  readonly paths: readonly string[]
}

/**
 * Serves the routes and calls each path once. The connection stays open, because the peer belongs to the connection.
 */
export async function connectGuarded ({ client, groups = {}, add, paths }: GuardedApp): Promise<LiveGuard> {
  const ca = await createDevCa({ name: 'Benchmark CA' })
  const server = await ca.issue({ cn: 'server', ip: '127.0.0.1' })
  const issued = await ca.issue({ ...client, profile: 'client' })
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  const app = Fastify(withMtls(credentials)) as unknown as FastifyInstance
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, { groups })
  const requests = new Map<string, FastifyRequest>()
  await add(app, async (request) => {
    requests.set(request.url, request)
    return 'x'
  })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, cert: issued.chain, key: issued.key, ca: ca.root })
  for (const path of paths) await call(`${origin}${path}`, agent)
  const requestOf = (path: string): FastifyRequest => {
    const request = requests.get(path)
    if (request === undefined) throw new Error(`the client may not call ${path}`)
    return request
  }
  const guard = findGuard(app)
  let passed = 0
  const done = (): void => { passed += 1 }
  const reply = {} as FastifyReply
  const check = (count: number): void => {
    if (passed !== count) throw new Error('a request was refused: these are not the figures of an allowed one')
    passed = 0
  }
  return {
    time (path, loop) {
      const request = requestOf(path)
      const start = performance.now()
      for (let index = 0; index < loop; index += 1) guard(request, reply, done)
      const taken = performance.now() - start
      check(loop)
      return taken / loop * 1e6
    },
    timeFirst (path, peers) {
      const others = peers.map((peer) => {
        return Object.create(requestOf(path), { optionalPeer: { value: peer } }) as FastifyRequest
      })
      const start = performance.now()
      for (const request of others) guard(request, reply, done)
      const taken = performance.now() - start
      check(others.length)
      return taken / others.length * 1e6
    },
    timeReading (path, loop) {
      const request = requestOf(path) as { optionalPeer: unknown, routeOptions: { url?: unknown } }
      const start = performance.now()
      for (let index = 0; index < loop; index += 1) if (request.optionalPeer !== request.routeOptions.url) done()
      const taken = performance.now() - start
      check(loop)
      return taken / loop * 1e6
    },
    async close () {
      agent.destroy()
      await app.close()
    }
  }
}

async function call (url: string, agent: https.Agent): Promise<void> {
  const [response] = await once(https.get(url, { agent }), 'response')
  response.resume()
  await once(response, 'end')
}

function findGuard (app: FastifyInstance): Hook {
  const symbol = Object.getOwnPropertySymbols(app).find(({ description }) => description === 'fastify.hooks') as symbol
  const hooks = (app as unknown as Record<symbol, { onRequest: Hook[] }>)[symbol]?.onRequest ?? []
  return hooks.find(({ name }) => name === 'authorizeAllowedClients') as Hook
}
