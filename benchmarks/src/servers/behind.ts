// Plain HTTP behind a gateway that writes the headers of nginx.
import Fastify from 'fastify'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls from '@peerkit/fastify-mtls'
import { serveApp } from './serving.ts'
import type { App, MakeServer } from './serving.ts'

const HEADER = 'ssl-client-cert'

/** The limit: the header is sent, and the app ignores it. */
export const serveReadsHeader: MakeServer = async () => {
  const app: App = Fastify()
  let characters = 0
  app.addHook('onRequest', (request, _reply, done) => {
    characters += String(request.headers[HEADER]).length
    done()
  })
  return await serveApp(app, {}, { characters: () => characters })
}

export const serveBehind: MakeServer = async () => await serveApp(await makeApp())

export const serveBehindAllowed: MakeServer = async () => {
  const app = await makeApp()
  await app.register(
    fastifyAllowedClients,
    { groups: { payments: { spiffe: 'spiffe://bench.example/ns/pay/sa/*' }, operators: { ou: 'operators' } } }
  )
  return await serveApp(app, { allowedClients: ['operators', 'payments'] })
}

async function makeApp (): Promise<App> {
  const app: App = Fastify()
  await app.register(fastifyMtls, { forwarded: { format: 'nginx', gateways: { addresses: ['127.0.0.1'] } } })
  return app
}
