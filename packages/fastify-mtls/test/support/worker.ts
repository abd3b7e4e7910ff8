// A server in a process of its own, as a worker or another machine would be. Material and the shared secret come by IPC; answers with its port, then with each refused handshake's reason.
import { subscribe } from 'node:diagnostics_channel'
import { memoryCredentials } from '@peerkit/credentials'
import Fastify from 'fastify'
import fastifyMtls, { withMtls } from '../../src/index.ts'

process.once('message', ({ material, secret }: { material: { cert: string, key: string, ca: string }, secret: string }) => {
  subscribe('peerkit:handshake:refused', (message: any) => { process.send?.({ refused: message.reason, resumed: message.resumed }) })
  const credentials = memoryCredentials(material)
  const app = Fastify(withMtls(credentials, { mtls: { ticketSecret: Buffer.from(secret, 'hex') } }))
  const start = async (): Promise<void> => {
    await app.register(fastifyMtls)
    app.get('/', async (request) => ({ cn: request.peer.subject?.commonName }))
    process.send?.({ port: Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port) })
  }
  start().catch((error: unknown) => { throw error })
  process.on('message', (next: any) => {
    credentials.update(next)
    process.send?.({ updated: true })
  })
})
