// SPIRE under traffic: rotations, an agent that is away, a new authority, and no call is lost.
import { test } from 'tap'
import { comesTo, nextChange, until } from './spire/changes.ts'
import { startCaller, startService, startTraffic } from './spire/service.ts'
import { makeFolder, startSpire } from './spire/world.ts'

const LEDGER = 'spiffe://prod.example/ledger'
const ORDERS = 'spiffe://prod.example/orders'
const ANSWER = `${ORDERS} by prod.example`

test('rotations with 200 calls in flight', { timeout: 300_000 }, async (t) => {
  // SPIRE puts the start of an SVID ten seconds back, and renews it after half of its life.
  const spire = await startSpire(t, { ttl: '20s' })
  await spire.server.register('/ledger')
  await spire.server.register('/orders')
  const [ledger, orders] = await Promise.all([spire.credentials('/ledger'), spire.credentials('/orders')])
  const { origin } = await startService(t, ledger, [{ spiffe: ORDERS }])
  const agent = startCaller(t, orders, LEDGER, 200)
  const traffic = startTraffic(t, agent, origin, { inFlight: 200, expected: ANSWER })
  const serials = new Set<string | undefined>()
  for (let turn = 0; turn < 4; turn++) {
    await Promise.all([nextChange(ledger, 'rotated'), nextChange(orders, 'rotated')])
    serials.add(ledger.current.identity.serialNumber)
    await traffic.answers(400)
  }
  await traffic.stop()
  t.same([...traffic.wrong], [], `of ${traffic.answered}`)
  t.equal(serials.size, 4)
  t.ok(traffic.answered > 2_000, String(traffic.answered))
})

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

test('an authority is prepared, activated, tainted and revoked', { timeout: 300_000 }, async (t) => {
  const spire = await startSpire(t)
  await spire.server.register('/ledger')
  await spire.server.register('/orders')
  const [ledger, orders] = await Promise.all([spire.credentials('/ledger'), spire.credentials('/orders')])
  const { origin } = await startService(t, ledger, [{ spiffe: ORDERS }])
  const agent = startCaller(t, orders, LEDGER, 50)
  const traffic = startTraffic(t, agent, origin, { inFlight: 50, expected: ANSWER })
  const both = async (isWanted: Parameters<typeof comesTo>[1]): Promise<void> => {
    await Promise.all([comesTo(ledger, isWanted), comesTo(orders, isWanted)])
    await traffic.answers(200)
  }
  const [first] = ledger.current.anchors
  const authority = async (...args: readonly string[]): Promise<string> => await spire.server.command('localauthority', 'x509', ...args)

  await authority('prepare')
  await both(({ anchors }) => anchors.length === 2)
  const { prepared, active } = JSON.parse(await authority('show', '-output', 'json'))
  await authority('activate', '-authorityID', prepared.authority_id)
  const [second] = ledger.current.anchors.filter(({ fingerprint256 }) => fingerprint256 !== first?.fingerprint256)
  // The agents renew every SVID of the tainted authority at once.
  await authority('taint', '-authorityID', active.authority_id)
  await both(({ identity }) => String(identity.issuer) === String(second?.subject))
  await authority('revoke', '-authorityID', active.authority_id)
  await both(({ anchors }) => anchors.length === 1 && anchors[0]?.fingerprint256 === second?.fingerprint256)
  await traffic.stop()
  t.same([...traffic.wrong], [], `of ${traffic.answered}`)
})
