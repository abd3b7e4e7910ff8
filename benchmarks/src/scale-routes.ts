// 1 to 10,000 routes, each with its own rules: time to start and memory, compared with bare Fastify, and the cost of a
// verdict.
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import type { AllowedClients } from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { Run } from './benchmark.ts'
import { measureHeap } from './heap.ts'
import { connectGuarded } from './live-guard.ts'
import { SeriesBook } from './series-book.ts'
import { mintMaterial } from './world.ts'
import type { Material } from './world.ts'

const OWN = (index: number): AllowedClients =>
  [{ cn: [`owner-${index}`, 'caller'] }, { spiffe: `spiffe://prod.example/ns/*/sa/service-${index}` }]
const SAME = (): AllowedClients => [{ cn: ['owner', 'caller'] }, { spiffe: 'spiffe://prod.example/ns/*/sa/service' }]
const FIRST_PEERS = 500
const LOOP = 100_000
const handler = async (): Promise<string> => 'x'
const SERVERS = [
  ['bare Fastify', makeBare],
  ['with both plugins, different rules on each route', makeGuarded(OWN)],
  ['with both plugins, the same rules on each route', makeGuarded(SAME)]
] as const

export const run: Run = async ({ quick, rounds }) => {
  const sizes = quick ? [1, 10, 200] : [1, 10, 100, 1_000, 10_000]
  const material = await mintMaterial()
  const [starting, memory, verdicts] = [new SeriesBook(), new SeriesBook(), new SeriesBook()]
  const { der } = await (await createDevCa()).issue({ cn: 'caller', profile: 'client' })
  for (const size of sizes) {
    // Fastify itself takes seconds for the largest number.
    for (let round = -1; round < (size < 10_000 ? rounds : Math.min(3, rounds)); round += 1) {
      for (const [name, make] of SERVERS) {
        const { value: app, bytes } = await measureHeap(async () => {
          const begun = performance.now()
          const made = await make(material, size)
          if (round >= 0) starting.add(name, size, performance.now() - begun)
          return made
        })
        if (round >= 0) memory.add(name, size, bytes / 1024)
        await app.close()
      }
    }
    const path = `/${size >> 1}`
    const guarded = await connectGuarded({
      client: { cn: 'caller' }, paths: [path], add: (app, kept) => { addRoutes(app, size, OWN, kept) }
    })
    for (let round = -2; round < rounds; round += 1) {
      // A verdict is remembered for an identity, so each of these gets its first one.
      const peers = Array.from({ length: FIRST_PEERS }, () => parsePeerIdentity(der))
      const [first, later] = [guarded.timeFirst(path, peers), guarded.time(path, LOOP)]
      if (round < 0) continue
      verdicts.add('first of a client on a route', size, first)
      verdicts.add('later ones', size, later)
    }
    await guarded.close()
  }
  const about = { size: 'routes' }
  return [
    starting.write({ ...about, id: 'starting', title: 'Start-up', unit: 'ms', digits: 1 }),
    memory.write({ ...about, id: 'memory', title: 'Memory of the app', unit: 'KiB of heap' }),
    verdicts.write({ ...about, id: 'verdicts', title: 'Verdicts', unit: 'ns' })
  ]
}

function addRoutes (
  app: FastifyInstance, size: number, rules: (index: number) => AllowedClients,
  handle: (request: any) => Promise<string> = handler
): void {
  for (let index = 0; index < size; index += 1) {
    app.get(`/${index}`, { config: { allowedClients: rules(index) } }, handle)
  }
}

async function makeBare ({ ca, server }: Material, size: number): Promise<FastifyInstance> {
  const app = Fastify({ https: { ca, ...server, requestCert: true } }) as unknown as FastifyInstance
  for (let index = 0; index < size; index += 1) app.get(`/${index}`, handler)
  await app.ready()
  return app
}

function makeGuarded (
  rules: (index: number) => AllowedClients
): (material: Material, size: number) => Promise<FastifyInstance> {
  return async ({ ca, server }, size) => {
    const credentials = memoryCredentials({ ...server, ca })
    const app = Fastify(withMtls(credentials)) as unknown as FastifyInstance
    await app.register(fastifyMtls)
    await app.register(fastifyAllowedClients)
    addRoutes(app, size, rules)
    await app.ready()
    return app
  }
}
