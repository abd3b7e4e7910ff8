// SPIRE under traffic: rotations and a new authority, and no call is lost.
import { subscribe } from 'node:diagnostics_channel'
import { test } from 'tap'
import { comesTo, nextChange } from './spire/changes.ts'
import { startCaller, startService, startTraffic } from './spire/service.ts'
import { startSpire } from './spire/world.ts'

const LEDGER = 'spiffe://prod.example/ledger'
const ORDERS = 'spiffe://prod.example/orders'
const ANSWER = `${ORDERS} by prod.example`

// Why the service refused a connection, so that a call that was lost has a reason.
const refusals: string[] = []
subscribe('peerkit:handshake:refused', (message) => { refusals.push(String((message as { reason?: string }).reason)) })

test('rotations with 200 calls in flight', { timeout: 300_000 }, async (t) => {
  // SPIRE puts the start of an SVID ten seconds back, and renews it after half of its life.
  const spire = await startSpire(t, { ttl: '30s' })
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
  t.same([...traffic.wrong, ...refusals], [], `of ${traffic.answered}`)
  t.equal(serials.size, 4)
  t.ok(traffic.answered > 2_000, String(traffic.answered))
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
