// SPIRE that is away: an agent that is killed for long, an agent that hangs, a server that is killed. No call is lost.
import { test } from 'tap'
import { comesTo, nextChange, until } from './spire/changes.ts'
import { startCaller, startService, startTraffic } from './spire/service.ts'
import { makeFolder, startSpire } from './spire/world.ts'

const LEDGER = 'spiffe://prod.example/ledger'
const ORDERS = 'spiffe://prod.example/orders'
const ANSWER = `${ORDERS} by prod.example`

test('the agent is killed for longer than half of the life of an SVID, and comes back', { timeout: 600_000 }, async (t) => {
  const seconds = Number(process.env['PEERKIT_AGENT_AWAY_SECONDS'] ?? 60)
  const spire = await startSpire(t, { ttl: `${Math.ceil(seconds * 1.5)}s` })
  await spire.server.register('/ledger')
  await spire.server.register('/orders')
  const [ledger, orders] = await Promise.all([spire.credentials('/ledger'), spire.credentials('/orders')])
  const { origin } = await startService(t, ledger, [{ spiffe: ORDERS }])
  const agent = startCaller(t, orders, LEDGER)
  const told: string[] = []
  for (const source of [ledger, orders]) source.subscribe(({ type }) => { told.push(type) })

  const refused = Promise.all([nextChange(ledger, 'refused'), nextChange(orders, 'refused')])
  const before = ledger.current
  await spire.agent.kill()
  await refused
  const traffic = startTraffic(t, agent, origin, { inFlight: 20, expected: ANSWER })
  const back = Date.now() + seconds * 1_000
  await until(async () => { await traffic.answers(1); return Date.now() >= back })
  t.equal(ledger.current, before)
  const middle = (Number(before.identity.notBefore) + before.notAfter) / 2
  t.ok(Date.now() > middle, 'it would have been renewed by now')
  t.same(told, ['refused', 'refused'], 'told once each')

  const recovered = Promise.all([nextChange(ledger, 'recovered'), nextChange(orders, 'recovered')])
  await spire.agent.start()
  await recovered
  await comesTo(ledger, (snapshot) => snapshot.notAfter > before.notAfter)
  await traffic.answers(100)
  await traffic.stop()
  t.same([...traffic.wrong], [], `of ${traffic.answered}`)
})

test('the agent hangs: that is noticed, and it is used again as soon as it answers', { timeout: 120_000 }, async (t) => {
  const spire = await startSpire(t)
  await spire.server.register('/ledger')
  const ledger = await spire.credentials('/ledger', { pingInterval: 500, pingTimeout: 1_000 })
  const before = ledger.current
  const refused = nextChange(ledger, 'refused')
  spire.agent.signal('SIGSTOP')
  t.match(await refused, { error: { code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', reason: 'timeout' }, snapshot: before })
  const recovered = nextChange(ledger, 'recovered')
  spire.agent.signal('SIGCONT')
  await recovered
  t.equal(ledger.current.identity.spiffeId, LEDGER)
})

test('the server is killed and started again: the agent serves on, and rotations follow', { timeout: 300_000 }, async (t) => {
  const folder = makeFolder(t)
  const spire = await startSpire(t, {
    ttl: '30s',
    plugins: { KeyManager: `KeyManager "disk" { plugin_data { keys_path = "${folder}/keys.json" } }` }
  })
  await spire.server.register('/ledger')
  await spire.server.register('/orders')
  const [ledger, orders] = await Promise.all([spire.credentials('/ledger'), spire.credentials('/orders')])
  const { origin } = await startService(t, ledger, [{ spiffe: ORDERS }])
  const traffic = startTraffic(t, startCaller(t, orders, LEDGER), origin, { inFlight: 20, expected: ANSWER })
  const told: string[] = []
  ledger.subscribe(({ type }) => { told.push(type) })
  await spire.server.kill()
  await traffic.answers(500)
  t.same(told, [], 'the agent is there')
  const rotated = Promise.all([nextChange(ledger, 'rotated'), nextChange(orders, 'rotated')])
  await spire.server.start()
  await rotated
  await traffic.answers(500)
  await traffic.stop()
  t.same([...traffic.wrong], [], `of ${traffic.answered}`)
  t.equal(ledger.current.anchors.length, 1, 'its authority is on disk')
})
