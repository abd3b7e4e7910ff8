// A real SPIRE server and agent: the first SVID, rotation, an agent that is killed and comes back, an entry that is deleted.
import { test } from 'tap'
import { authoritiesOf } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import { spiffeCredentials } from '@peerkit/spiffe'
import { createTrustEvaluator } from '@peerkit/trust'
import { nextChange } from './spire/changes.ts'
import { startSpire } from './spire/world.ts'

/** Whether the peers of a snapshot accept its own SVID. */
async function acceptsItself (source: CredentialSource): Promise<unknown> {
  const { current } = source
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(current, 'clients'), version: () => current.trustEpoch })
  const decision = await trust.evaluate(current.identity.raw as Uint8Array, { sent: current.intermediates.map(({ raw }) => raw as Uint8Array) })
  return decision.accepted ? decision.authority : decision.detail
}

test('SPIRE', { timeout: 300_000 }, async (t) => {
  const { server, agent } = await startSpire(t)

  await t.test('no entry: a start fails after a while, and says why', async (t) => {
    await t.rejects(spiffeCredentials({ socket: agent.address, waitFor: 3_000 }), {
      code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', reason: 'timeout', message: /no identity issued/, cause: { reason: 'denied', status: 7 }
    })
  })

  const waiting = spiffeCredentials({ socket: agent.address, waitFor: 60_000, retryLongest: 2_000 })
  const entry = await server.register('/ledger', { hint: 'main' })
  const source = await waiting
  t.teardown(async () => { await source.close() })

  await t.test('the first SVID', async (t) => {
    const { identity, authorities, warnings } = source.current
    t.equal(identity.spiffeId, 'spiffe://prod.example/ledger')
    t.same(authorities.map(({ name }) => name), ['prod.example'])
    t.same(warnings, [])
    t.equal(await acceptsItself(source), 'prod.example')
  })

  await t.test('a rotation', async (t) => {
    const before = source.current
    const change = await nextChange(source, 'rotated')
    t.match(change, { type: 'rotated', trustChanged: false })
    t.not(source.current.identity.serialNumber, before.identity.serialNumber)
    t.not(source.current.key, before.key)
    t.ok(source.current.notAfter > before.notAfter)
  })

  await t.test('the agent is killed and comes back', async (t) => {
    const changes: string[] = []
    const end = source.subscribe(({ type }) => { changes.push(type) })
    const refused = nextChange(source, 'refused')
    const before = source.current
    await agent.kill()
    t.match(await refused, { error: { code: 'MTLS_ERR_SPIFFE_WORKLOAD_API' }, snapshot: before })
    const recovered = nextChange(source, 'recovered')
    const rotated = nextChange(source, 'rotated')
    await agent.start()
    await rotated
    await recovered
    end()
    t.equal(changes.filter((type) => type === 'refused').length <= 2, true, 'away, and perhaps denied until the new agent has synchronized')
    t.equal(await acceptsItself(source), 'prod.example')
  })

  await t.test('the entry is deleted: the SVID is withdrawn, until there is an entry again', async (t) => {
    const refused = nextChange(source, 'refused')
    const withdrawn = nextChange(source, 'rotated', ({ snapshot }) => snapshot.withdrawn === true)
    await server.remove(entry)
    t.match(await refused, { error: { reason: 'denied', status: 7 } })
    t.match(await withdrawn, { trustChanged: false, snapshot: { identity: { spiffeId: 'spiffe://prod.example/ledger' } } })
    const again = nextChange(source, 'rotated', ({ snapshot }) => snapshot.withdrawn !== true)
    await server.register('/ledger', { hint: 'main' })
    await again
    t.equal(await acceptsItself(source), 'prod.example')
  })
})
