/* global afterAll, beforeAll, expect, test */
// For Vitest and for Jest: both have these functions as globals here.
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { injectAs } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { buildApp } from './app.js'

let ca, credentials, app

beforeAll(async () => {
  ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'ledger', dns: 'localhost' })
  credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  app = await buildApp(credentials)
})
afterAll(async () => {
  await app.close()
  await credentials.close()
})

// The rules, as a table. No connection is made, so this is fast.
test.each([
  ['GET', '/invoices', 'billing', 200],
  ['GET', '/invoices', 'audit', 200],
  ['GET', '/invoices', 'interns', 403],
  ['DELETE', '/invoices/7', 'audit', 200],
  ['DELETE', '/invoices/7', 'billing', 403],
  ['GET', '/no-such-route', 'audit', 403]
])('%s %s by OU %s: %i', async (method, url, ou, expected) => {
  const peer = parsePeerIdentity((await ca.issue({ cn: 'someone', ou })).der)
  const { statusCode } = await injectAs(app, peer, { method, url })
  expect(statusCode).toBe(expected)
})

test('every route says who may call it', async () => {
  await app.ready()
  expect(app.mtls.routes().filter(({ access }) => access === 'nobody')).toEqual([])
})

// The same over TLS, with certificates: one of our CA, and one of a stranger.
test('a certificate of another CA gets no answer', async () => {
  await app.listen({ host: 'localhost', port: 0 })
  const origin = `https://localhost:${app.server.address().port}`
  const stranger = await createDevCa()
  const ask = async (issuer) => {
    const { chain, key } = await issuer.issue({ profile: 'client', cn: 'alice', ou: 'billing' })
    const own = memoryCredentials({ cert: chain, key, ca: ca.root })
    const agent = new MtlsAgent({ credentials: own })
    try {
      const { body } = await agent.request({ origin, path: '/invoices', method: 'GET' })
      return await body.json()
    } finally {
      await Promise.all([agent.close(), own.close()])
    }
  }
  expect(await ask(ca)).toEqual({ hello: 'alice' })
  await expect(ask(stranger)).rejects.toThrow()
})
