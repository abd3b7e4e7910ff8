// The servers that run in this process: Node's own, and Peerkit's.
import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import Fastify from 'fastify'
import type { FastifyServerOptions } from 'fastify'
import { memoryCredentials } from '@peerkit/credentials'
import type { AuthorityMaterial } from '@peerkit/credentials'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import type { Running } from './start-process.ts'
import { clientsRoot, own } from './world.ts'

export async function startNode (): Promise<Running> {
  const lines: string[] = []
  const server = https.createServer({
    cert: own.chain, key: own.key, ca: clientsRoot, requestCert: true, rejectUnauthorized: true
  }, (_request, response) => { response.end('ok') })
  // A refused client is told by its socket alone: the error says no more than that the connection has ended.
  server.on('tlsClientError', (_error, socket: TLSSocket) => { lines.push(String(socket.authorizationError)) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    log: () => lines.join('\n'),
    close: async () => {
      server.close()
      await once(server, 'close')
    }
  }
}

export async function startPeerkit (serverAuthOnly?: AuthorityMaterial['serverAuthOnly']): Promise<Running> {
  const partner: AuthorityMaterial = {
    ca: clientsRoot, names: { dns: 'partner.example' }, ...(serverAuthOnly !== undefined && { serverAuthOnly })
  }
  const credentials = memoryCredentials({ cert: own.chain, key: own.key, authorities: { partner } })
  const lines: string[] = []
  const stream = { write: (line: string) => { lines.push(line) } }
  const app = Fastify({ ...mtlsServerOptions(credentials), logger: { level: 'warn', stream } } as FastifyServerOptions)
  await app.register(fastifyMtls)
  app.get('/', async ({ peer }) => peer.authority)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    port: (app.server.address() as AddressInfo).port,
    log: () => lines.join(''),
    close: async () => {
      await app.close()
      await credentials.close()
    }
  }
}
