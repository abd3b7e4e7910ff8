import { test } from 'tap'
import type { Test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import type { CredentialChange, CredentialSource } from '@peerkit/credentials'
import { SpiffeOptionError, WorkloadApiError, spiffeCredentials } from '../src/index.ts'
import type { SpiffeCredentialsOptions } from '../src/index.ts'
import { startAgent } from './support/agent.ts'
import type { Agent } from './support/agent.ts'
import { TrustDomain, nextChange, stayAlive } from './support/world.ts'

const prod = await TrustDomain.make('prod.example')
const partner = await TrustDomain.make('partner.example')
const random = (): number => 0

interface World { readonly agent: Agent, readonly clock: ManualClock, readonly source: CredentialSource, readonly changes: CredentialChange[] }

async function start (t: Test, options: SpiffeCredentialsOptions = {}): Promise<World> {
  stayAlive(t)
  const clock = new ManualClock()
  const agent = await startAgent(t)
  agent.push(await prod.response({ federatedBundles: { 'spiffe://partner.example': partner.bundle } }))
  const source = await spiffeCredentials({ socket: agent.address, clock, random, ...options })
  t.after(async () => { await source.close() })
  const changes: CredentialChange[] = []
  source.subscribe((change) => { changes.push(change) })
  return { agent, clock, source, changes }
}

test('the first SVID, with one authority for each trust domain', async (t) => {
  const { source, agent } = await start(t)
  const { identity, authorities, warnings } = source.current
  t.equal(identity.spiffeId, 'spiffe://prod.example/ledger')
  t.match(authorities.map(({ name, names, spiffeOnly }) => ({ name, names, spiffeOnly })), [
    { name: 'prod.example', names: { spiffe: 'spiffe://prod.example' }, spiffeOnly: true },
    { name: 'partner.example', names: { spiffe: 'spiffe://partner.example' }, spiffeOnly: true }
  ])
  t.same(warnings, [])
  t.match(agent.calls, [{
    ':method': 'POST', ':path': '/SpiffeWorkloadAPI/FetchX509SVID', 'workload.spiffe.io': 'true', 'content-type': 'application/grpc', te: 'trailers'
  }])
})

test('a push is in use at once, and one that is equal changes nothing', async (t) => {
  const { source, agent } = await start(t)
  const response = await prod.response()
  const rotated = nextChange(source, 'rotated')
  agent.push(response)
  t.match(await rotated, { trustChanged: true, snapshot: { generation: 2, authorities: [{ name: 'prod.example' }] } }, 'the partner has left')
  const again = nextChange(source, 'rotated')
  agent.push(response)
  agent.push(await prod.response())
  t.match(await again, { trustChanged: false, snapshot: { generation: 3 } })
})

test('an agent that stops is told once, and the SVID stays until it is back', async (t) => {
  const { source, agent, changes, clock } = await start(t)
  const before = source.current
  const refused = nextChange(source, 'refused')
  await agent.stop()
  t.match(await refused, { error: { reason: 'ended' }, snapshot: before })
  for (const delay of [1_000, 2_000, 4_000]) {
    const next = clock.nextTask((wanted) => wanted === delay * 2)
    clock.advance(delay)
    await next
  }
  t.equal(source.current, before)
  t.same(changes.map(({ type }) => type), ['refused'])
  await agent.start()
  agent.push(await prod.response())
  const recovered = nextChange(source, 'recovered')
  clock.advance(8_000)
  await recovered
  t.same(changes.map(({ type }) => type), ['refused', 'rotated', 'recovered'])
  t.not(source.current, before)
})

test('PermissionDenied while it runs: the last SVID stays', async (t) => {
  const { source, agent, changes, clock } = await start(t)
  const refused = nextChange(source, 'refused')
  agent.answer(7, 'no identity issued')
  t.match(await refused, { error: { code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', reason: 'denied', status: 7, message: /no identity issued/ } })
  const next = clock.nextTask((delay) => delay === 2_000)
  clock.advance(1_000)
  await next
  agent.answer(undefined)
  const recovered = nextChange(source, 'recovered')
  clock.advance(2_000)
  await recovered
  t.same(changes.map(({ type }) => type), ['refused', 'recovered'])
})

test('InvalidArgument is tried again after the longest pause alone', async (t) => {
  const { source, agent, clock } = await start(t, { retryFirst: 10, retryLongest: 20_000 })
  const refused = nextChange(source, 'refused')
  agent.answer(3)
  t.match(await refused, { error: { reason: 'refused', status: 3 } })
  t.equal(clock.delays.at(-1), 20_000)
})

test('a start without an agent waits', async (t) => {
  stayAlive(t)
  const clock = new ManualClock()
  const agent = await startAgent(t)
  await agent.stop()
  agent.push(await prod.response())
  const scheduled = clock.nextTask((delay) => delay === 1_000)
  const starting = spiffeCredentials({ socket: agent.address, clock, random })
  await scheduled
  await agent.start()
  clock.advance(1_000)
  const source = await starting
  t.equal(source.current.generation, 1)
  await source.close()
  t.equal(clock.waiting, 0)
})

test('a start fails after waitFor, and says why', async (t) => {
  stayAlive(t)
  const clock = new ManualClock()
  const agent = await startAgent(t)
  agent.answer(7, 'no identity issued')
  const scheduled = clock.nextTask((delay) => delay === 1_000)
  const starting = spiffeCredentials({ socket: agent.address, clock, random, waitFor: 500 })
  starting.catch(() => {})
  await scheduled
  clock.advance(500)
  await t.rejects(starting, {
    code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', reason: 'timeout', message: /no usable X\.509-SVID within 500 ms; .*no identity issued/, cause: { reason: 'denied' }
  })
  t.equal(clock.waiting, 0, 'nothing goes on')
  const silent = await startAgent(t)
  const call = silent.nextCall()
  const waiting = spiffeCredentials({ socket: silent.address, clock, waitFor: 500 })
  waiting.catch(() => {})
  await call
  clock.advance(500)
  await t.rejects(waiting, { reason: 'timeout', message: /the agent sent none/ })
})

test('one of several SVIDs by its hint or its SPIFFE ID', async (t) => {
  stayAlive(t)
  const agent = await startAgent(t)
  agent.push({ svids: [await prod.svid('/first'), await prod.svid('/inner', { hint: 'internal' }), await partner.svid('/outer', { hint: 'external' })] })
  for (const [options, expected] of [
    [{}, 'spiffe://prod.example/first'],
    [{ hint: 'internal' }, 'spiffe://prod.example/inner'],
    [{ spiffeId: 'spiffe://partner.example/outer' }, 'spiffe://partner.example/outer']
  ] as const) {
    const source = await spiffeCredentials({ socket: agent.address, ...options })
    t.equal(source.current.identity.spiffeId, expected)
    t.equal(source.current.authorities[0]?.name, expected.split('/')[2], 'the own trust domain comes first')
    t.equal(source.current.authorities.length, 2)
    await source.close()
  }
  const clock = new ManualClock()
  const starting = spiffeCredentials({ socket: agent.address, hint: 'none', clock, waitFor: 500 })
  starting.catch(() => {})
  await agent.nextCall()
  const probe = await spiffeCredentials({ socket: agent.address })
  await probe.close()
  clock.advance(500)
  await t.rejects(starting, { reason: 'timeout', cause: { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'svid', message: /no X.509-SVID has the hint "none"; the agent gave .*first.*inner \(internal\)/ } })
})

test('the federated trust domains that are wanted', async (t) => {
  for (const [federated, expected] of [['none', ['prod.example']], [['partner.example'], ['prod.example', 'partner.example']], [['spiffe://other.example'], ['prod.example']]] as const) {
    const { source } = await start(t, { federated })
    t.same(source.current.authorities.map(({ name }) => name), expected)
  }
})

test('options that are wrong', async (t) => {
  for (const [options, message] of [
    [{ socket: 'http://127.0.0.1' }, /socket is "http:\/\/127\.0\.0\.1"; expected unix:/],
    [{ socket: 'unix:/x', spiffeId: 'spiffe://prod.example' }, /spiffeId is "spiffe:\/\/prod.example"; expected a SPIFFE ID such as/],
    [{ socket: 'unix:/x', spiffeId: 'https://prod.example' }, /spiffeId is/],
    [{ socket: 'unix:/x', federated: 'some' }, /federated is "some"/],
    [{ socket: 'unix:/x', federated: ['UPPER'] }, /federated\[0\] is "UPPER"; expected a trust domain/],
    [{ socket: 'unix:/x', retryFirst: 2_000, retryLongest: 1_000 }, /retryLongest is 1000; expected at least retryFirst/],
    [{ soket: 'unix:/x' }, /soket.*did you mean "?socket/]
  ] as const) {
    const error: unknown = await spiffeCredentials(options as SpiffeCredentialsOptions).catch((error: unknown) => error)
    t.ok(error instanceof SpiffeOptionError)
    t.match((error as Error).message, message)
  }
  t.equal(WorkloadApiError.code, 'MTLS_ERR_SPIFFE_WORKLOAD_API')
})
