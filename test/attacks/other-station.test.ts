import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blockFile, memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { injectAs, withMtls } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { compileRules } from '@peerkit/rules'
import { MtlsAgent } from '@peerkit/undici-mtls'
import Fastify from 'fastify'
import type { InjectOptions } from 'fastify'
import { test } from 'tap'

// A station with a good certificate asks for what belongs to another station. The rule names the value of the request;
// the attacks try to have the rule compare another value than the handler gets, or none at all.

const ca = await createDevCa()
const server = await ca.issue({ cn: 'server', dns: 'localhost' })
const peerOf = async (cn: string | string[]): Promise<PeerIdentity> => {
  const subject = [cn].flat().map((value) => ({ type: 'CN', value }))
  return parsePeerIdentity((await ca.issue({ profile: 'client', subject })).der)
}
const mine = await peerOf('CP1')

const ATTACKS: ReadonlyArray<readonly [what: string, request: InjectOptions]> = [
  ['the other station', { url: '/s/CP2' }],
  ['a value that is decoded twice', { url: '/s/%2543P1' }],
  ['a value that ends early', { url: '/s/CP1%00CP2' }],
  ['a path within a value', { url: '/s/CP1%2F..%2FCP2' }],
  ['a pattern', { url: '/s/*' }],
  ['letters that look alike', { url: '/s/%D0%A1P1' }],
  ['another case', { url: '/s/cp1' }],
  ['a second value in the query', { url: '/q?id=CP1&id=CP2' }],
  ['the same, in the other order', { url: '/q?id=CP2&id=CP1' }],
  ['a name that is encoded in another way', { url: '/q?id=CP1&%69d=CP2' }],
  ['a list', { url: '/q?id[]=CP1' }],
  ['no value', { url: '/q' }],
  ['a second header', { url: '/h', headers: { 'x-station': ['CP1', 'CP2'] as never } }],
  ['headers that were joined', { url: '/h', headers: { 'x-station': 'CP1, CP2' } }],
  ['another method', { url: '/s/CP2', method: 'HEAD' }],
  ['a block that needs a value, without it', { url: '/not' }],
  ['a block with two values', { url: '/not?id=CP1&id=CP2' }]
]

test('a station reaches nothing of another one', async (t) => {
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  const app = Fastify(withMtls(credentials, {
    routerOptions: { querystringParser: (text) => Object.fromEntries(new URLSearchParams(text)) }
  }))
  t.teardown(async () => {
    await app.close()
    await credentials.close()
  })
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients)
  const reached: string[] = []
  const handler = async ({ url }: { url: string }): Promise<void> => { reached.push(url) }
  app.get('/s/:id', { config: { allowedClients: { cn: { param: 'id' } } } }, handler)
  app.get('/q', { config: { allowedClients: { cn: { query: 'id' } } } }, handler)
  app.get('/h', { config: { allowedClients: { cn: { header: 'x-station' } } } }, handler)
  app.get('/not', { config: { allowedClients: { cn: ['CP1', 'CP2'], not: { cn: { query: 'id' } } } } }, handler)
  const ask = async (request: InjectOptions, peer = mine): Promise<number> => (await injectAs(app, peer, request)).statusCode
  for (const [what, request] of ATTACKS) t.equal(await ask(request), 403, what)
  t.same(reached, [])
  t.equal(await ask({ url: '/s/CP1' }, await peerOf(['CP1', 'CP2'])), 403, 'a certificate with two names')
  for (const url of ['/s/CP1', '/q?id=CP1', '/not?id=CP9']) t.equal(await ask({ url }), 200, url)
  t.equal(await ask({ url: '/h', headers: { 'x-station': 'CP1' } }), 200)
})

test('rules without a request refuse its values at once: for servers, for gateways and in block lists', async (t) => {
  const rule = { cn: { param: 'id' } } as const
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  t.teardown(async () => { await credentials.close() })
  t.throws(() => new MtlsAgent({ credentials, allowedServers: rule }), { reason: 'no_request' } as never)
  t.throws(() => compileRules(rule), { reason: 'no_request' } as never)
  const file = join(t.testdir(), 'blocked.yaml')
  writeFileSync(file, '- { cn: { param: id } }\n')
  await t.rejects(async () => { await blockFile(file) })
})
