// Runs in Deno, from the project of deno.hosts.ts: a server that is told on stdin to revoke and to rotate.
import { createInterface } from 'node:readline'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { MtlsAgent } from '@peerkit/undici-mtls'
import Fastify from 'fastify'
import { fetch } from 'undici'

const ca = await createDevCa()
const other = await createDevCa()
const ledger = await ca.issue({ cn: 'ledger', ou: 'billing', dns: 'localhost' })
const credentials = memoryCredentials({ cert: ledger.chain, key: ledger.key, ca: ca.root })
const refusals = []
const logger = { level: 'warn', stream: { write: (line) => { refusals.push(JSON.parse(line).reason) } } }
const app = Fastify(withMtls(credentials, { http2: true, logger }))
await app.register(fastifyMtls)
await app.register(fastifyAllowedClients, { defaultRules: { ou: 'billing' } })
app.get('/', async ({ peer, raw }) => `${peer.commonName} ${raw.httpVersion} ${raw.socket.isSessionReused?.() === true ? 'resumed' : 'new'}`)
await app.listen({ host: 'localhost', port: 0 })

const alice = await ca.issue({ cn: 'alice', ou: 'billing' })
const { port } = app.server.address()
const past = { notBefore: new Date(Date.now() - 200_000), notAfter: new Date(Date.now() - 100_000) }
const clients = {
  alice,
  mallory: await ca.issue({ cn: 'mallory', ou: 'interns' }),
  stranger: await other.issue({ cn: 'alice', ou: 'billing' }),
  expired: await ca.issue({ cn: 'alice', ou: 'billing', ...past }),
  purposeless: await ca.issue({ cn: 'alice', ou: 'billing', profile: 'server' })
}

/** What the agent says about this server, where `allowedServers` names who may answer. */
async function call (allowedServers) {
  const dispatcher = new MtlsAgent({ credentials, allowedServers })
  const answer = await fetch(`https://localhost:${port}/`, { dispatcher }).then((response) => response.text(), (error) => error.cause?.code ?? error.message)
  await dispatcher.close()
  return answer
}

const orders = {
  call: () => call({ cn: 'ledger' }),
  callWrong: () => call({ cn: 'somebody else' }),
  async revoke () {
    ca.revoke(alice.serialNumber)
    credentials.update({ crl: [(await ca.crl()).pem] })
  },
  async rotate () {
    const next = await other.issue({ cn: 'ledger', dns: 'localhost' })
    credentials.update({ cert: next.chain, key: next.key, ca: other.root, crl: [] })
  },
  refusals: () => refusals.splice(0)
}

const say = (value) => { console.log(JSON.stringify(value ?? null)) }
say({ port, ca: ca.root, otherCa: other.root, clients })
for await (const order of createInterface({ input: process.stdin })) say(await orders[order]())
process.exit(0)
