// A real SPIRE server and agent: the first SVID, rotation, an agent that is killed and comes back, an entry that is deleted, a new authority.
import { createServer } from 'node:tls'
import { test } from 'tap'
import type { Test } from 'tap'
import { authoritiesOf } from '@peerkit/credentials'
import type { CredentialChange, CredentialSource } from '@peerkit/credentials'
import { spiffeCredentials } from '@peerkit/spiffe'
import { createTrustEvaluator } from '@peerkit/trust'
import { requireTool } from './require-tool.ts'
import { startSpire } from './spire/spire-world.ts'

const tools = { server: requireTool('spire-server'), agent: requireTool('spire-agent') }

async function nextChange (source: CredentialSource, type: CredentialChange['type'], isWanted: (change: CredentialChange) => boolean = () => true): Promise<CredentialChange> {
  return await new Promise((resolve) => {
    const end = source.subscribe((change) => {
      if (change.type !== type || !isWanted(change)) return
      end()
      resolve(change)
    })
  })
}

/** Keeps the process alive, which a source does not. */
function stayAlive (t: Test): void {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  t.teardown(() => { server.close() })
}

/** Whether the peers of a snapshot accept its own SVID. */
async function acceptsItself (source: CredentialSource): Promise<unknown> {
  const { current } = source
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(current, 'clients'), version: () => current.trustEpoch })
  const decision = await trust.evaluate(current.identity.raw as Uint8Array, { sent: current.intermediates.map(({ raw }) => raw as Uint8Array) })
  return decision.accepted ? decision.authority : decision.detail
}

test('SPIRE', { timeout: 300_000 }, async (t) => {
  stayAlive(t)
  const spire = await startSpire(t, tools, 'prod.example')

  await t.test('no entry: a start fails after a while, and says why', async (t) => {
    await t.rejects(spiffeCredentials({ socket: spire.address, waitFor: 3_000 }), {
      code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', reason: 'timeout', message: /no identity issued/, cause: { reason: 'denied', status: 7 }
    })
  })

  const waiting = spiffeCredentials({ socket: spire.address, waitFor: 60_000, retryLongest: 2_000 })
  const entry = await spire.register('/ledger', '-hint', 'main')
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
    await spire.killAgent()
    t.match(await refused, { error: { code: 'MTLS_ERR_SPIFFE_WORKLOAD_API' }, snapshot: before })
    const recovered = nextChange(source, 'recovered')
    const rotated = nextChange(source, 'rotated')
    await spire.startAgent()
    await rotated
    await recovered
    end()
    t.equal(changes.filter((type) => type === 'refused').length <= 2, true, 'away, and perhaps denied until the new agent has synchronized')
    t.equal(await acceptsItself(source), 'prod.example')
  })

  await t.test('a second SVID, chosen by its hint', async (t) => {
    const rotated = nextChange(source, 'rotated', () => true)
    const other = await spire.register('/other', '-hint', 'other')
    await rotated
    const second = await spiffeCredentials({ socket: spire.address, hint: 'other', retryFirst: 500 })
    t.equal(second.current.identity.spiffeId, 'spiffe://prod.example/other')
    await second.close()
    await spire.command('entry', 'delete', '-entryID', other)
  })

  await t.test('a new authority: prepared, activated, the old one tainted and revoked', async (t) => {
    const [first] = source.current.anchors
    const grown = nextChange(source, 'rotated', ({ snapshot }) => snapshot.anchors.length === 2)
    await spire.command('localauthority', 'x509', 'prepare')
    t.match(await grown, { trustChanged: true })
    const state = JSON.parse(await spire.command('localauthority', 'x509', 'show', '-output', 'json'))
    await spire.command('localauthority', 'x509', 'activate', '-authorityID', state.prepared.authority_id)
    await nextChange(source, 'rotated')
    await spire.command('localauthority', 'x509', 'taint', '-authorityID', state.active.authority_id)
    const shrunk = nextChange(source, 'rotated', ({ snapshot }) => snapshot.anchors.length === 1)
    await spire.command('localauthority', 'x509', 'revoke', '-authorityID', state.active.authority_id)
    t.match(await shrunk, { trustChanged: true })
    t.not(source.current.anchors[0]?.fingerprint256, first?.fingerprint256)
    t.equal(await acceptsItself(source), 'prod.example')
  })

  await t.test('the entry is deleted: the SVID is withdrawn, until there is an entry again', async (t) => {
    const refused = nextChange(source, 'refused')
    const withdrawn = nextChange(source, 'rotated', ({ snapshot }) => snapshot.withdrawn === true)
    await spire.command('entry', 'delete', '-entryID', entry)
    t.match(await refused, { error: { reason: 'denied', status: 7 } })
    t.match(await withdrawn, { trustChanged: false, snapshot: { identity: { spiffeId: 'spiffe://prod.example/ledger' } } })
    const again = nextChange(source, 'rotated', ({ snapshot }) => snapshot.withdrawn !== true)
    await spire.register('/ledger', '-hint', 'main')
    await again
    t.equal(await acceptsItself(source), 'prod.example')
  })
})
