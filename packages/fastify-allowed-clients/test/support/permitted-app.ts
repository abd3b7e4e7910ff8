// An app with a rules file, for a process of its own.
import Fastify from 'fastify'
import fastifyAllowedClients from '../../src/index.ts'

const app = Fastify({ logger: { level: 'warn', stream: process.stdout } })
const getter = (): null => null
app.decorateRequest('peer', { getter } as never).decorateRequest('optionalPeer', { getter } as never)
await app.register(fastifyAllowedClients, { file: process.argv[2]!, watch: false })
console.log('rules version', app.mtls.rulesVersion)
await app.close()
