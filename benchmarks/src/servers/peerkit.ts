import Fastify from 'fastify'
import { memoryCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import { KEEP_ALIVE, serveApp } from './serving.ts'
import type { App, MakeServer } from './serving.ts'

/** As in production, except that the lines are discarded. */
const NULL_LOGGER = { level: 'info', stream: { write () {} } }

/** Both plugins with a realistic rule set: a few groups, SPIFFE patterns, names pinned to an issuer. */
export const servePeerkit: MakeServer = async (protocol, { ca, server }, { crl, logged }) => {
  const credentials = memoryCredentials({ ...server, ca, ...(typeof crl === 'string' && { crl }) })
  const app: App = Fastify({
    ...mtlsServerOptions(credentials, { http2: protocol === 'h2' } as object),
    keepAliveTimeout: KEEP_ALIVE,
    ...(logged === true && { logger: NULL_LOGGER })
  } as object)
  await app.register(fastifyMtls)
  const issuer = { cn: 'Benchmark CA' }
  await app.register(fastifyAllowedClients, {
    groups: {
      operators: { ou: 'operators', issuer },
      auditors: [{ cn: ['anna', 'bert'], issuer }, { email: 'audit@bench.example' }],
      payments: { spiffe: ['spiffe://bench.example/ns/pay/sa/*', 'spiffe://bench.example/ns/ledger/sa/ledger'] }
    }
  })
  return await serveApp(app, { allowedClients: ['operators', 'auditors', 'payments'] }, {
    /** @returns the milliseconds that the update took */
    update (material) {
      const start = performance.now()
      credentials.update(material)
      return performance.now() - start
    }
  })
}

/** Only the first plugin: clients are identified, and none is refused by rules. */
export const serveIdentified: MakeServer = async (protocol, { ca, server }) => {
  const credentials = memoryCredentials({ ...server, ca })
  const app: App = Fastify({
    ...mtlsServerOptions(credentials, { http2: protocol === 'h2' } as object), keepAliveTimeout: KEEP_ALIVE
  } as object)
  await app.register(fastifyMtls)
  return await serveApp(app)
}
