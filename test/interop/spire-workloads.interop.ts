// Which SVID a process gets from a real SPIRE: by its user, by hint, by SPIFFE ID, and what a deleted entry does.
import { join } from 'node:path'
import { test } from 'tap'
import { startProgram } from '@peerkit/example-spire'
import { spiffeCredentials } from '@peerkit/spiffe'
import { comesTo, nextChange } from './spire/changes.ts'
import { call, startCaller, startService } from './spire/service.ts'
import { startSpire } from './spire/world.ts'

const workload = join(import.meta.dirname, 'spire/workload.ts')
/** The user `nobody`. */
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

test('two SVIDs: by hint, by SPIFFE ID, and both', { timeout: 120_000 }, async (t) => {
  const { server, agent } = await startSpire(t)
  await server.register('/blue', { hint: 'inside' })
  await server.register('/green', { hint: 'outside' })
  const asks = [{ hint: 'inside' }, { hint: 'outside' }, { spiffeId: 'spiffe://prod.example/green' }, { hint: 'inside', spiffeId: 'spiffe://prod.example/blue' }]
  const sources = await Promise.all(asks.map(async (choice) => await spiffeCredentials({ socket: agent.address, retryFirst: 500, ...choice })))
  t.same(sources.map(({ current }) => current.identity.spiffeId), ['blue', 'green', 'green', 'blue'].map((name) => `spiffe://prod.example/${name}`))
  await Promise.all(sources.map(async (source) => { await source.close() }))

  const wrong = spiffeCredentials({ socket: agent.address, hint: 'inside', spiffeId: 'spiffe://prod.example/green', waitFor: 1_000 })
  await t.rejects(wrong, { reason: 'timeout', message: /no X\.509-SVID has the hint "inside" and the SPIFFE ID spiffe:\/\/prod\.example\/green; the agent gave .*blue \(inside\)/ })
})

test('an entry is deleted while calls go on: the last SVID stays in use, and a new entry replaces it', { timeout: 180_000 }, async (t) => {
  const spire = await startSpire(t)
  const { server } = spire
  await server.register('/orders')
  const entry = await server.register('/ledger')
  const [ledger, orders] = await Promise.all([spire.credentials('/ledger'), spire.credentials('/orders')])
  const { origin } = await startService(t, ledger, [{ spiffe: 'spiffe://prod.example/orders' }])
  const agent = startCaller(t, orders, 'spiffe://prod.example/ledger')
  const before = ledger.current
  const refused = nextChange(ledger, 'refused')
  await server.remove(entry)
  t.match(await refused, { error: { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'svid' }, snapshot: before })
  t.equal(await call(agent, origin, true), 'spiffe://prod.example/orders by prod.example')
  const recovered = nextChange(ledger, 'recovered')
  await server.register('/ledger')
  await recovered
  await comesTo(ledger, ({ identity }) => identity.serialNumber !== before.identity.serialNumber)
  t.equal(await call(agent, origin, true), 'spiffe://prod.example/orders by prod.example')
})

test('a process of another user gets its own SVID, and none of ours', { timeout: 120_000, skip: isRoot ? false : 'only root can start a process of another user' }, async (t) => {
  const { server, agent } = await startSpire(t)
  await server.register('/ledger')
  const asNobody = async (): Promise<string> => {
    const program = await startProgram(process.execPath, ['--conditions=@peerkit/source', workload, agent.address, String(NOBODY)], /^(SVID|PROBLEM) /)
    await program.kill()
    return program.ready
  }
  const ours = await spiffeCredentials({ socket: agent.address, retryFirst: 500 })
  await ours.close()
  t.match(await asNobody(), /^PROBLEM timeout denied 7$/)
  await server.register('/nobody', { selector: `unix:uid:${NOBODY}` })
  t.equal(await asNobody(), 'SVID spiffe://prod.example/nobody')
})
