// A server in a process of its own: `serve.ts KIND PROTOCOL`, the material by IPC; answers with its port.
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { TLSSocket } from 'node:tls'
import { memoryCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import type { Material } from '../world.ts'

type App = FastifyInstance<any, any, any, any>

const [kind, protocol] = process.argv.slice(2)
const http2 = protocol === 'h2'

function bare ({ ca, server }: Material): App {
  const https = { ca, ...server, requestCert: true, rejectUnauthorized: true }
  return http2 ? Fastify({ http2: true, https: { ...https, allowHTTP1: false } }) : Fastify({ https })
}

/** What people write: the certificate is asked for on every request. */
function handWritten (material: Material): App {
  const app = bare(material)
  app.addHook('onRequest', async (request, reply) => {
    const socket = (http2 ? (request.raw as any).stream.session.socket : request.raw.socket) as TLSSocket
    if (socket.getPeerCertificate().subject.CN !== 'client-7') await reply.code(403).send()
  })
  return app
}

/** A realistic rule set: a few groups, SPIFFE patterns, names pinned to an issuer. */
async function peerkit ({ ca, server }: Material): Promise<App> {
  const credentials = memoryCredentials({ ...server, ca })
  const app: App = Fastify(mtlsServerOptions(credentials, { http2 } as object) as object)
  await app.register(fastifyMtls, { credentials })
  const issuer = { cn: 'Benchmark CA' }
  await app.register(fastifyAllowedClients, {
    clients: {
      operators: { ou: 'operators', issuer },
      auditors: [{ cn: ['anna', 'bert'], issuer }, { email: 'audit@bench.example' }],
      payments: { spiffe: ['spiffe://bench.example/ns/pay/sa/*', 'spiffe://bench.example/ns/ledger/sa/ledger'] }
    }
  })
  return app
}

process.once('message', (material: Material) => {
  const make = async (): Promise<App> => kind === 'peerkit' ? await peerkit(material) : kind === 'hand-written' ? handWritten(material) : bare(material)
  make().then(async (app) => {
    const config = kind === 'peerkit' ? { config: { allowedClients: ['operators', 'auditors', 'payments'] } } : {}
    app.get('/', config, async () => ({ hello: 'world' }))
    await app.listen({ host: '127.0.0.1', port: 0 })
    process.send?.({ port: (app.server.address() as { port: number }).port })
  }).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
