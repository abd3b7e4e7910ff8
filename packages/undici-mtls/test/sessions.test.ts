import { test } from 'tap'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:https'
import { memoryCredentials } from '@peerkit/credentials'
import { MtlsAgent } from '../src/index.ts'
import { SessionCache } from '../src/connect/handshake.ts'
import { createLedger } from '@peerkit/test-support/ledger'
import { startServer } from '@peerkit/test-support/listen'
import type { Listening } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'

const { ca, server, client, credentials } = await createLedger()

const identified: any[] = []
const listener = (message: unknown): void => { identified.push(message) }
subscribe('peerkit:outbound:identified', listener)

/** One request on a connection of its own. Gives whether its session was resumed. */
async function churn (agent: MtlsAgent, { origin }: Listening<Server>, times = 1, options: object = {}): Promise<boolean[]> {
  const from = identified.length
  for (let time = 0; time < times; time++) await (await agent.request({ origin, path: '/', method: 'GET', reset: true, ...options })).body.text()
  return identified.slice(from).map(({ resumed }) => resumed)
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`connections after the first resume the session: ${version}`, async (t) => {
    const listening = await startServer({ identity: server, maxVersion: version })
    const agent = new MtlsAgent({ credentials })
    t.teardown(async () => { await agent.close(); await listening.close() })
    // OpenSSL gives two tickets with a full handshake of TLS 1.3 and none with a resumed one.
    t.same(await churn(agent, listening, 6), version === 'TLSv1.2' ? [false, true, true, true, true, true] : [false, true, true, false, true, true])
  })
}

test('each ticket of TLS 1.3 is used once, and several are held', async (t) => {
  const listening = await startServer({ identity: server })
  const agent = new MtlsAgent({ credentials })
  t.teardown(async () => { await agent.close(); await listening.close() })
  await churn(agent, listening)
  const from = identified.length
  await Promise.all(Array.from({ length: 4 }, async () => await churn(agent, listening)))
  t.same(identified.slice(from).map(({ resumed }) => resumed).sort(), [false, false, true, true], 'a full handshake gives two tickets')
})

test('sessions are kept apart by server name, survive garbage collection and end with the credentials', async (t) => {
  const listening = await startServer({ identity: server })
  const source = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
  const agent = new MtlsAgent({ credentials: source })
  t.teardown(async () => { await agent.close(); await listening.close() })
  t.same(await churn(agent, listening, 2), [false, true])
  t.same(await churn(agent, listening, 1, { origin: `https://localhost:${listening.port}` }), [false])
  globalThis.gc?.()
  t.same(await churn(agent, listening), [true])
  const renewed = await ca.issue({ cn: 'orders-2', profile: 'client' })
  source.update({ cert: renewed.chain, key: renewed.key })
  t.same(await churn(agent, listening, 2), [false, true])
})

test('who answered is judged on resumed connections too', async (t) => {
  const listening = await startServer({ identity: server })
  let allows = true
  const agent = new MtlsAgent({ credentials, allowedServers: [() => allows] })
  t.teardown(async () => { await agent.close(); await listening.close() })
  t.same(await churn(agent, listening, 2), [false, true])
  allows = false
  t.match(await rejection(churn(agent, listening)), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' })
  t.equal(listening.seen.length, 2)
})

test('a server with a new certificate is met by a full handshake where the old identity of its sessions is not wanted any more', async (t) => {
  const soon = Date.now() + 3_600_000
  const brief = await ca.issue({ cn: 'brief', ip: '127.0.0.1', notAfter: new Date(soon) })
  const revoked = new Set<string>()
  const revocation: any = {
    epoch: 0,
    check: ({ serialNumber }: { serialNumber: string }) => revoked.has(serialNumber) ? { state: 'revoked', source: 'crl', reason: undefined, revokedAt: undefined } : { state: 'good', source: 'crl', until: Infinity },
    permits: ({ state }: { state: string }) => state === 'good',
    subscribe: () => () => {},
    close: async () => {}
  }
  const ticketKeys = Buffer.alloc(48, 7)
  const listening = await startServer({ identity: brief, ticketKeys })
  let now = Date.now()
  const agent = new MtlsAgent({ credentials, now: () => now, revocation })
  t.teardown(async () => { await agent.close(); await listening.close() })
  t.same(await churn(agent, listening, 2), [false, true])
  const next = await ca.issue({ cn: 'next', ip: '127.0.0.1' })
  listening.server.setSecureContext({ cert: next.chain, key: next.key, ca: ca.root })
  now = soon + 1_000
  t.same(await churn(agent, listening, 2), [false, true], 'expired')
  t.equal(identified.at(-1).server.subject.commonName, 'next')
  revoked.add(next.serialNumber)
  revocation.epoch += 1
  listening.server.setSecureContext({ cert: server.chain, key: server.key, ca: ca.root })
  t.same(await churn(agent, listening, 2), [false, true], 'revoked')
  t.equal(identified.at(-1).server.subject.commonName, 'ledger')
})

test('a session of an identity that the rules no longer allow is given up for a full handshake', async (t) => {
  const [former, next] = [await ca.issue({ cn: 'former', ip: '127.0.0.1' }), await ca.issue({ cn: 'next', ip: '127.0.0.1' })]
  const ticketKeys = Buffer.alloc(48, 7)
  const listening = await startServer({ identity: former, ticketKeys })
  let wanted = 'former'
  const agent = new MtlsAgent({ credentials, allowedServers: [({ subject }) => subject?.commonName === wanted] })
  t.teardown(async () => { await agent.close(); await listening.close() })
  t.same(await churn(agent, listening, 2), [false, true])
  listening.server.setSecureContext({ cert: next.chain, key: next.key, ca: ca.root, ticketKeys })
  wanted = 'next'
  t.same(await churn(agent, listening, 2), [false, true])
  t.equal(identified.at(-1).server.subject.commonName, 'next')
})

test('the cache is bounded: 256 keys, 8 sessions each, the newest first', async (t) => {
  const cache = new SessionCache()
  const make = (text: string): any => ({ session: Buffer.from(text), presented: { leaf: Buffer.alloc(1), sent: [] } })
  for (let index = 0; index < 10; index++) cache.put('key', make(`${index}`))
  const taken: string[] = []
  for (let entry = cache.take('key'); entry !== undefined; entry = cache.take('key')) taken.push(String(entry.session))
  t.same(taken, ['9', '8', '7', '6', '5', '4', '3', '2'])
  t.equal(cache.size, 0)
  for (let index = 0; index < 300; index++) cache.put(`key ${index}`, make('x'))
  t.equal(cache.size, 256)
  t.equal(cache.take('key 0'), undefined)
  t.ok(cache.take('key 299'))
  cache.drop('key 298')
  t.equal(cache.take('key 298'), undefined)
  cache.clear()
  t.equal(cache.size, 0)
})

test('the cache is bounded in bytes, those of the certificates included', async (t) => {
  const cache = new SessionCache()
  const put = (key: string): void => {
    const presented = { leaf: Buffer.alloc(20_000), sent: [Buffer.alloc(30_000), Buffer.alloc(30_000)] }
    cache.put(key, { session: Buffer.alloc(20_000), presented })
  }
  for (let index = 0; index < 250; index++) put(`key ${index}`)
  t.equal(cache.size, 166, 'of 100,500 bytes each')
  for (let index = 0; index < 8; index++) put('key 249')
  t.equal(cache.size, 159, 'the sessions of one destination count each')
  for (let index = 0; index < 7; index++) t.ok(cache.take('key 249'))
  for (let index = 250; index < 257; index++) put(`key ${index}`)
  t.equal(cache.size, 166, 'and no more once they are taken')
})

test('the listener is put away', async () => { unsubscribe('peerkit:outbound:identified', listener) })
