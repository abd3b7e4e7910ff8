// What the guard of fastify-allowed-clients costs a request on a connection whose verdict is remembered: the hook itself, with a live request over mutual TLS.
// Run: node --conditions=@peerkit/source src/verdict.ts [rounds]
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { once } from 'node:events'
import https from 'node:https'
import { formatRows, interleave } from './interleave.ts'

const ROUNDS = Number(process.argv[2] ?? 21)
const PER_ROUND = 200_000

type Hook = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void

const ca = await createDevCa({ name: 'Benchmark CA' })
const server = await ca.issue({ cn: 'server', ip: '127.0.0.1' })
const client = await ca.issue({ cn: 'billing-7', ou: ['ops', 'billing'], spiffe: 'spiffe://prod.example/ns/ops/sa/billing' })
const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
const app = Fastify(mtlsServerOptions(credentials))
await app.register(fastifyMtls, { credentials })
await app.register(fastifyAllowedClients, {
  clients: { many: Array.from({ length: 100_000 }, (_, index) => ({ spiffe: `spiffe://prod.example/ns/n${index}/sa/x` })), billing: { ou: 'billing' } }
})
const requests = new Map<string, FastifyRequest>()
const keep = async (request: FastifyRequest): Promise<string> => {
  requests.set(request.routeOptions.url ?? '', request)
  return 'x'
}
app.get('/rules', { config: { allowedClients: [{ ou: 'nobody' }, { spiffe: 'spiffe://prod.example/ns/*/sa/billing' }] } }, keep)
app.get('/many', { config: { allowedClients: ['many', 'billing'] } }, keep)
app.get('/predicate', { config: { allowedClients: [(peer) => peer.source === 'tls'] } }, keep)
await app.register(async (scope) => {
  scope.allowClients({ rules: [{ ou: 'ops' }] })
  scope.get('/scope', { config: { allowedClients: ['billing'] } }, keep)
})
const origin = await app.listen({ host: '127.0.0.1', port: 0 })

// The connections stay open while we measure: a request's peer is that of its connection.
const agent = new https.Agent({ keepAlive: true, maxSockets: 1, cert: client.chain, key: client.key, ca: ca.root })
for (const path of ['/rules', '/scope', '/many', '/predicate']) {
  const [response] = await once(https.get(`${origin}${path}`, { agent }), 'response')
  response.resume()
  await once(response, 'end')
}

const symbol = Object.getOwnPropertySymbols(app).find(({ description }) => description === 'fastify.hooks') as symbol
const hooks = (app as unknown as Record<symbol, { onRequest: Hook[] }>)[symbol]?.onRequest ?? []
const guard = hooks.find(({ name }) => name === 'guardAllowedClients') as Hook
const reply = {} as FastifyReply
let passed = 0
const done = (): void => { passed++ }

async function time (run: (request: FastifyRequest) => void, request: FastifyRequest): Promise<number> {
  const start = process.hrtime.bigint()
  for (let i = 0; i < PER_ROUND; i++) run(request)
  return Number(process.hrtime.bigint() - start) / PER_ROUND
}

const guarded = (path: string) => async (): Promise<number> => await time((request) => { guard(request, reply, done) }, requests.get(path) as FastifyRequest)
const contenders = [
  { name: 'reading `request.optionalPeer` and `request.routeOptions` alone', measure: async () => await time((request) => { if ((request as { optionalPeer?: unknown }).optionalPeer !== request.routeOptions.url) done() }, requests.get('/rules') as FastifyRequest) },
  { name: 'the guard, two rules', measure: guarded('/rules') },
  { name: 'the guard, a rule of the route and one of its scope', measure: guarded('/scope') },
  { name: 'the guard, 100,000 exact values', measure: guarded('/many') },
  { name: 'the guard, a predicate (never remembered)', measure: guarded('/predicate') },
]
await interleave(contenders, 3)
const rows = await interleave(contenders, ROUNDS)
console.log(`Node ${process.version}, median of ${ROUNDS} interleaved rounds of ${PER_ROUND.toLocaleString('en')} requests\n`)
console.log(formatRows('A remembered verdict', 'ns a request', rows))
if (passed !== contenders.length * PER_ROUND * (ROUNDS + 3)) throw new Error('a request was refused: these are not the figures of an allowed one')
agent.destroy()
await app.close()
