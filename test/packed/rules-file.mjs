// What an app with a large rules file starts, and what it logs.
import { subscribe } from 'node:diagnostics_channel'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import Fastify from 'fastify'

subscribe('worker_threads', ({ worker }) => { worker.once('online', () => { console.log('worker started') }) })
const app = Fastify({ logger: { level: 'warn', stream: process.stdout } })
const getter = () => null
app.decorateRequest('peer', { getter }).decorateRequest('optionalPeer', { getter })
await app.register(fastifyAllowedClients, { file: 'rules.json', watch: false })
console.log('rules version', app.mtls.rulesVersion)
await app.close()
