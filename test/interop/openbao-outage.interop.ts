// OpenBao that is away while 200 requests are in flight: sealed, killed, started again. Certificates live for seconds.
import { test } from 'tap'
import { nextChange, comesTo } from './spire/changes.ts'
import { startCaller, startService, startTraffic } from './spire/service.ts'
import { ROLE, startWorld } from './openbao/world.ts'

const LEDGER = 'spiffe://prod.example/ledger'
const ORDERS = 'spiffe://prod.example/orders'
const ANSWER = `${ORDERS} by vault`
/** Seconds that a certificate is valid. With PEERKIT_SOAK_ROUNDS it is a soak test. */
const LIFE = Number(process.env['PEERKIT_SOAK_SECONDS'] ?? 12)
const ROUNDS = Number(process.env['PEERKIT_SOAK_ROUNDS'] ?? 1)

test('200 requests in flight, certificates of seconds, and an OpenBao that goes away and comes back', { timeout: 4_000_000 }, async (t) => {
  const { bao, pki, credentials } = await startWorld(t)
  await pki.role('brief', { ...ROLE, not_before_duration: '1s' })
  const [ledger, orders] = await Promise.all(['/ledger', '/orders'].map(async (path) => {
    return await credentials(path, { role: 'brief', ttl: LIFE * 1000, revocation: { mounts: ['pki'], refreshInterval: 2_000 } })
  }))
  const { origin } = await startService(t, ledger!, [{ spiffe: ORDERS }])
  const agent = startCaller(t, orders!, LEDGER, 200)
  const traffic = startTraffic(t, agent, origin, { inFlight: 200, expected: ANSWER })
  const expired: string[] = []
  const watch = (): void => {
    for (const [name, source] of Object.entries({ ledger, orders })) if (source!.current.notAfter <= Date.now()) expired.push(name)
  }
  const watching = setInterval(watch, 50)
  t.teardown(() => { clearInterval(watching) })
  /** A renewal of both fails, and after `end` both are renewed again. */
  async function away (begin: () => Promise<void>, end: () => Promise<void>): Promise<void> {
    const refused = Promise.all([nextChange(ledger!, 'refused'), nextChange(orders!, 'refused')])
    await begin()
    await refused
    await traffic.answers(200)
    const recovered = Promise.all([nextChange(ledger!, 'recovered'), nextChange(orders!, 'recovered')])
    await end()
    await recovered
    await traffic.answers(200)
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const { notAfter } = ledger!.current
    await comesTo(ledger!, (snapshot) => snapshot.notAfter > notAfter)
    // In a soak test, at any moment of a certificate's life.
    if (ROUNDS > 1) await traffic.answers(Math.ceil(Math.random() * 20_000))
    await away(async () => { await bao.seal() }, async () => { await bao.unseal() })
    await away(async () => { await bao.kill() }, async () => { await bao.start() })
  }
  await traffic.stop()
  t.same([...traffic.wrong], [], `of ${traffic.answered}`)
  t.same(expired, [], 'no certificate in use had expired')
  t.comment(`${traffic.answered} requests, ${ledger!.current.generation + orders!.current.generation} certificates`)
})
