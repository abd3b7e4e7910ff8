import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import fastifyWebsocket from '@fastify/websocket'
import { isSoon } from '@peerkit/test-support/turns'
import { test } from 'tap'
import WebSocket from 'ws'
import { listParams } from '../src/policy/route-params.ts'
import { VerdictMemory } from '../src/policy/verdict-memory.ts'
import { guardedApp } from './support/app.ts'
import { billing, billingCertificate, both, ca, ops } from './support/people.ts'

const answer = async (): Promise<string> => 'x'
const at = (text: string): number => Date.parse(text)

test('a remembered verdict ends with the rule, and a clock that jumps back brings it again', async (t) => {
  let now = at('2026-12-31T23:59:59Z')
  const { app, status } = await guardedApp({}, {}, { now: () => now })
  t.teardown(async () => { await app.close() })
  const rules = [{ ou: 'billing', validFrom: '2026-12-01', validUntil: '2027-01-01' }, { cn: 'both' }]
  app.get('/', { config: { allowedClients: rules } }, answer)
  t.equal(await status(billing, '/'), 200)
  t.equal(await status(billing, '/'), 200)
  now = at('2027-01-01')
  t.equal(await status(billing, '/'), 403)
  t.equal(await status(billing, '/'), 403)
  t.equal(await status(both, '/'), 200, 'another rule allows it')
  now = at('2026-12-31T23:59:59Z')
  t.equal(await status(billing, '/'), 200)
  now = at('2026-11-30T23:59:59Z')
  t.equal(await status(billing, '/'), 403, 'not yet')
})

test('an ended rule is reported at start, and listed with its moments', async (t) => {
  const { app, lines } = await guardedApp({
    groups: { old: { issuer: 'CN=x', ou: 'billing', validUntil: '2020-01-01' } }
  })
  t.teardown(async () => { await app.close() })
  app.get('/', { config: { allowedClients: ['old', { cn: 'a', validFrom: '2026-01-01' }] } }, answer)
  await app.ready()
  t.match(lines.map(({ msg }) => msg), ['groups.old: has ended at 2020-01-01T00:00:00Z, so it allows nobody'])
  t.match(app.mtls.routes()[0]?.requirements[0]?.temporary, [
    { path: 'groups.old', until: at('2020-01-01') }, { from: at('2026-01-01') }
  ])
})

test('a WebSocket closes when the rule that allowed it ends', async (t) => {
  // The certificates are valid by this clock, and the check is due in 50 ms of the real one.
  const end = Date.now() + 3_600_000
  let now = end - 50
  const { app } = await guardedApp({}, {}, { now: () => now })
  t.teardown(async () => { await app.close() })
  await app.register(fastifyWebsocket)
  const config = { allowedClients: { ou: 'billing', validUntil: new Date(end).toISOString() } }
  app.get('/ws', { websocket: true, config }, (socket) => { socket.send('welcome') })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `wss://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`
  const socket = new WebSocket(url, { ca: ca.root, cert: billingCertificate.chain, key: billingCertificate.key })
  await once(socket, 'message')
  now = end
  t.ok(await isSoon(() => socket.readyState === WebSocket.CLOSED))
})

test('values are remembered between two moments alone', async (t) => {
  let now = 5
  const memory = new VerdictMemory<object>({ moments: [10, 20, 30] }, () => now)
  const value = {}
  memory.set(billing, value)
  t.equal(memory.left, 5)
  for (const [time, left, isKnown] of [[9, 1, true], [10, 10, false], [9, 1, false], [30, Infinity, false]] as const) {
    now = time
    t.equal(memory.get(billing) === value, isKnown, String(time))
    t.equal(memory.has(billing), isKnown)
    t.equal(memory.left, left)
    memory.set(billing, {})
    if (time === 9 && isKnown) memory.set(billing, value)
  }
  const always = new VerdictMemory<object>({ moments: [] }, () => { throw new Error('the clock was asked') })
  always.set(ops, value)
  t.equal(always.get(ops), value)
  now = Number.NaN
  memory.set(billing, value)
  t.equal(memory.get(billing), undefined, 'a clock without a time remembers nothing')
})

test('knows the parameters of a pattern as the router does', async (t) => {
  const patterns = [
    '/a', '/:a', '/:a/:b', '/x/*', '/:a-:b.:c', '/:a(^\\d+$)', '/:h(^\\d{2})h:m(^\\d{2})m', '/y/::z/:q', '/r/:f(^[^/]+).png',
    '/s/::a::b/:c', '/t/:a(\\)x)/:b', '/u/at/:hour(^\\d+)-:minute(^\\d+)'
  ]
  const urls = [
    '/a', '/v', '/v/w', '/x/y/z', '/1-2.3', '/12', '/12h34m', '/y/:z/q', '/r/p.png', '/s/:a:b/c', '/t/)x/b', '/u/at/1-2'
  ]
  for (const [index, pattern] of patterns.entries()) {
    const { app, status } = await guardedApp({ defaultRules: 'authenticated' }, { routerOptions: { allowUnsafeRegex: true } })
    t.teardown(async () => { await app.close() })
    let names: readonly string[] = []
    app.get(pattern, async ({ params }) => {
      names = Object.keys(params as object)
      return 'x'
    })
    t.equal(await status(billing, urls[index] as string), 200, pattern)
    t.same(listParams(pattern), names, pattern)
  }
  t.same(listParams('/o/:id?'), ['id'])
})
