import { connect } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import Fastify from 'fastify'
import { test } from 'tap'
import fastifyMtls, { withMtls } from '../src/index.ts'

const ca = await createDevCa()
const server = await ca.issue({ cn: 'ledger', dns: 'localhost', ip: '127.0.0.1' })
const forClients = await ca.issue({ cn: 'alice', profile: 'client' })

async function presented (port: number): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, cert: forClients.chain, key: forClients.key }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

test('a rotation to a certificate that is not for servers keeps the former one, says so once, and the trust follows', async (t) => {
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  const lines: any[] = []
  const app = Fastify(withMtls(credentials, { logger: { level: 'error', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } }))
  t.teardown(async () => { await app.close() })
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  credentials.update({ cert: forClients.chain, key: forClients.key })
  t.equal(await presented(port), 'ledger')
  t.match(lines, [{ certificate: /CN=alice/, presented: /CN=ledger/, msg: /not for servers.*clients would refuse it.*fileCredentials\(\{ use: 'server' \}\)/ }])

  const other = await createDevCa({ name: 'Other' })
  credentials.update({ ca: [ca.root, other.root] })
  t.equal(await presented(port), 'ledger')
  t.equal(lines.length, 1, 'the trust alone is no new line')

  const next = await ca.issue({ cn: 'next', dns: 'localhost' })
  credentials.update({ cert: next.chain, key: next.key })
  t.equal(await presented(port), 'next')
  t.equal(lines.length, 1)
})

test('credentials that became wrong between withMtls and Fastify make no server', async (t) => {
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  t.teardown(async () => { await credentials.close() })
  const options = withMtls(credentials)
  credentials.update({ cert: forClients.chain, key: forClients.key })
  t.throws(() => Fastify(options), { code: 'MTLS_ERR_SERVER_OPTION', message: /CN=alice.* is not for servers/ })
})
