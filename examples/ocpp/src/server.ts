import fastifyWebsocket from '@fastify/websocket'
import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { answer } from './messages.ts'

const PROTOCOL = 'ocpp2.0.1'

/** The charging station management system. A station may open the WebSocket of its own number, and no other. */
export async function startServer (): Promise<FastifyInstance> {
  // The CRL is watched: a station that is revoked loses its open WebSocket.
  const credentials = await fileCredentials({ cert: 'csms.pem', key: 'csms.key', ca: 'root.pem', crl: 'crl.pem' })
  const app = Fastify(withMtls(credentials, { logger: { level: 'warn' } }))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, { groups: { operators: { ou: 'operators' } } })
  await app.register(fastifyWebsocket, {
    options: { handleProtocols: (offered: Set<string>) => offered.has(PROTOCOL) && PROTOCOL }
  })

  const stations = new Set<string>()
  app.get<{ Params: { stationId: string } }>('/ocpp/:stationId', {
    websocket: true,
    // The common name of a station is its number, and the organization is that of the operator.
    config: { allowedClients: { o: 'Charge Point Operator', cn: { param: 'stationId' } } }
  }, (socket, { params: { stationId } }) => {
    stations.add(stationId)
    socket.on('message', (data) => { socket.send(answer(String(data))) })
    socket.on('close', () => { stations.delete(stationId) })
  })
  app.get('/stations', { config: { allowedClients: 'operators' } }, async () => [...stations])

  await app.listen({ host: 'localhost', port: Number(process.env['PORT'] ?? 0) })
  return app
}
