import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { test } from 'tap'
import type { Test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { describeRuleAuthorities, readRuleAuthorities } from '@peerkit/credentials/internal'
import { authoritiesOf, ruleAuthoritiesOf, secureContextOptions } from '@peerkit/credentials'
import type { CredentialChange, CredentialSource } from '@peerkit/credentials'
import { parsePeerIdentity } from '@peerkit/identity'
import { compileRules } from '@peerkit/rules'
import { createTrustEvaluator } from '@peerkit/trust'
import { splitCertificates } from '../src/source/read-certificates.ts'
import { SpiffeOptionError, WorkloadApiError, spiffeCredentials } from '../src/index.ts'
import type { SpiffeCredentialsOptions } from '../src/index.ts'
import { frame, startAgent } from './support/agent.ts'
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

test('PermissionDenied while it runs, with whenDenied: keep: the last SVID stays', async (t) => {
  const { source, agent, changes, clock } = await start(t, { whenDenied: 'keep' })
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

test('PermissionDenied while it runs: the SVID is withdrawn, until the agent gives it again', async (t) => {
  const { source, agent, changes, clock } = await start(t)
  const before = source.current
  const withdrawn = nextChange(source, 'rotated')
  const again = clock.nextTask((delay) => delay === 1_000)
  agent.answer(7, 'no identity issued')
  await again
  t.equal(source.current, before)
  const next = clock.nextTask((delay) => delay === 2_000)
  clock.advance(1_000)
  t.match(await withdrawn, { trustChanged: false, snapshot: { withdrawn: true, generation: 2, notAfter: clock.now(), authorities: before.authorities } })
  t.match(secureContextOptions(source.current), { cert: '', key: '' })
  await next
  agent.answer(undefined)
  const recovered = nextChange(source, 'recovered')
  clock.advance(2_000)
  await recovered
  t.match(source.current, { withdrawn: false, generation: 3, notAfter: before.notAfter }, 'the same one, taken anew')
  t.same(changes.map(({ type }) => type), ['refused', 'rotated', 'rotated', 'recovered'])
})

test('an agent that denies once and then serves again begins anew, each time', async (t) => {
  const { source, agent, clock } = await start(t)
  for (const round of [1, 2, 3]) {
    const pause = clock.nextTask((delay) => delay < 9_000)
    agent.answer(7, 'no identity issued')
    if (!t.equal(await pause, 1_000, `${round}: the first pause`)) return
    t.notOk(source.current.withdrawn, `${round}: one denial says nothing`)
    agent.answer(undefined)
    const recovered = nextChange(source, 'recovered')
    clock.advance(1_000)
    await recovered
  }
})

test('PermissionDenied of an agent that was away counts after a while', async (t) => {
  const { source, agent, clock } = await start(t, { denialGrace: 10_000 })
  const refused = nextChange(source, 'refused')
  await agent.stop()
  await refused
  agent.answer(7, 'not synchronized')
  await agent.start()
  for (const delay of [1_000, 2_000, 4_000]) {
    const next = clock.nextTask((wanted) => wanted === delay * 2)
    clock.advance(delay)
    await next
    t.notOk(source.current.withdrawn, 'an agent that starts does not know its workloads yet')
  }
  const withdrawn = nextChange(source, 'rotated')
  clock.advance(8_000)
  t.match(await withdrawn, { snapshot: { withdrawn: true } })
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
    code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', reason: 'timeout', message: /^SPIFFE Workload API: no usable X\.509-SVID within 500 ms; unix:.*no identity issued/, cause: { reason: 'denied' }
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

test('an agent that lies: the last good SVID stays, and each cause is told once', async (t) => {
  const { source, agent, changes } = await start(t)
  const before = source.current
  const [mine, other] = [await prod.svid(), await prod.svid('/other')]
  for (const [what, response, error] of [
    ['another workload\'s key', { svids: [{ ...mine, key: other.key as Uint8Array }] }, { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch' }],
    ['a key that is none', { svids: [{ ...mine, key: Buffer.from('garbage') }] }, { code: 'MTLS_ERR_CREDENTIALS_REFUSED' }],
    ['no SVID', {}, { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'empty' }],
    ['the ID of another', { svids: [{ ...mine, spiffeId: other.spiffeId as string }] }, { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'svid' }]
  ] as const) {
    const refused = nextChange(source, 'refused')
    agent.push(response)
    t.match(await refused, { type: 'refused', error, snapshot: before }, what)
  }
  const told = nextChange(source, 'refused')
  agent.pushRaw(frame(Buffer.from([0x0f])))
  t.match(await told, { error: { reason: 'malformed' } })
  const recovered = nextChange(source, 'recovered')
  agent.push({ svids: [mine] })
  await recovered
  t.same(changes.map(({ type }) => type), [...Array(5).fill('refused'), 'rotated', 'recovered'])
})

test('a federated trust domain vouches for itself alone, and cannot stop our rotation', async (t) => {
  const { source, agent, changes } = await start(t)
  const accepts = async (issuer: TrustDomain, id: string): Promise<string> => {
    const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients'), version: () => 1 })
    const decision = await trust.evaluate((await issuer.ca.issue({ spiffe: id })).der)
    return decision.accepted ? `accepted by ${decision.authority}` : decision.reason
  }
  t.equal(await accepts(prod, 'spiffe://prod.example/x'), 'accepted by prod.example')
  t.equal(await accepts(partner, 'spiffe://partner.example/x'), 'accepted by partner.example')
  t.equal(await accepts(partner, 'spiffe://prod.example/admin'), 'outside_authority', 'a partner that issues our IDs')
  t.equal(await accepts(prod, 'spiffe://partner.example/x'), 'outside_authority')
  const rotated = nextChange(source, 'rotated')
  const refused = nextChange(source, 'refused')
  agent.push(await prod.response({ federatedBundles: { 'spiffe://partner.example': Buffer.from('garbage') } }))
  t.match(await rotated, { trustChanged: false })
  t.match(await refused, { authority: 'partner.example', error: { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'malformed' } })
  t.equal(await accepts(partner, 'spiffe://partner.example/x'), 'accepted by partner.example', 'its last good bundle stays')
  const left = nextChange(source, 'rotated')
  agent.push(await prod.response())
  await left
  t.equal(await accepts(partner, 'spiffe://partner.example/x'), 'unknown_ca', 'a trust domain that left the federation')
  t.same(changes.map(({ type }) => type), ['rotated', 'refused', 'rotated', 'recovered'])
})

test('a bundle of our own CA under another name: that trust domain alone', async (t) => {
  const { source, agent } = await start(t)
  const rotated = nextChange(source, 'rotated')
  agent.push(await prod.response({ federatedBundles: { 'spiffe://twin.example': prod.bundle, 'spiffe://__proto__': partner.bundle, [`spiffe://${'x'.repeat(255)}`]: partner.bundle } }))
  t.match(await rotated, { snapshot: { warnings: [] } })
  t.same(source.current.authorities.map(({ name }) => name), ['prod.example', '__proto__', 'twin.example', 'x'.repeat(255)])
})

test('the CRL of a trust domain', async (t) => {
  const { source, agent } = await start(t)
  const { der } = await prod.ca.issue({ spiffe: 'spiffe://prod.example/lost' })
  prod.ca.revoke(der)
  const rotated = nextChange(source, 'rotated')
  agent.push(await prod.response({ crls: [(await prod.ca.crl()).der] }))
  await rotated
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients'), version: () => 1 })
  t.match(await trust.evaluate(der), { accepted: false, reason: 'revoked' })
})

test('many pushes at once: the last one counts', async (t) => {
  const { source, agent } = await start(t)
  const responses = await Promise.all(Array.from({ length: 20 }, async () => await prod.response()))
  const [last] = responses.at(-1)?.svids ?? []
  const leaf = parsePeerIdentity((splitCertificates(last?.certificates as Uint8Array, 'it'))[0] as Uint8Array)
  const arrived = new Promise<void>((resolve) => {
    source.subscribe(() => { if (source.current.identity.serialNumber === leaf.serialNumber) resolve() })
  })
  for (const response of responses) agent.push(response)
  await arrived
  t.equal(source.current.identity.serialNumber, leaf.serialNumber)
})

test('a source keeps no process alive', async (t) => {
  const agent = await startAgent(t)
  agent.push(await prod.response())
  const script = `
    const { spiffeCredentials } = await import('@peerkit/spiffe')
    const { current } = await spiffeCredentials({ socket: process.argv[1] })
    console.log(current.identity.spiffeId)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@peerkit/source', '--input-type=module', '--eval', script, agent.address], { cwd: import.meta.dirname })
  t.equal(stdout, 'spiffe://prod.example/ledger\n')
})

test('a start that fails ends the process by itself', async (t) => {
  const script = `
    const { spiffeCredentials } = await import('@peerkit/spiffe')
    await spiffeCredentials({ socket: 'tcp://127.0.0.1:1', waitFor: 50 }).catch(({ message }) => { console.log(message) })`
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@peerkit/source', '--input-type=module', '--eval', script], { cwd: import.meta.dirname })
  t.match(stdout, /no usable X\.509-SVID within 50 ms; .*tcp:\/\/127\.0\.0\.1:1 failed: ECONNREFUSED/)
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

test('tells the state of the stream and of each bundle', async (t) => {
  const { source, agent, clock } = await start(t)
  const begin = clock.now()
  t.match(source.status?.(), {
    kind: 'workload api',
    origin: agent.address,
    state: 'live',
    problem: undefined,
    bundles: [
      { authority: 'prod.example', origin: 'workload api', refreshedAt: begin, problem: undefined },
      { authority: 'partner.example', origin: 'workload api', refreshedAt: begin, problem: undefined }
    ]
  })
  const refused = nextChange(source, 'refused')
  await agent.stop()
  await refused
  t.match(source.status?.(), { state: 'failing', since: begin, problem: /SPIFFE Workload API/ })
})

test('a rule may name a trust domain that is not federated yet, unless it never will be', async (t) => {
  const all = await start(t)
  t.same(['other.example', 'OTHER', 'spiffe://other.example', ''].map((name) => all.source.mayAdd?.(name)), [
    true, false, false, false
  ])
  const some = await start(t, { federated: ['other.example'] })
  t.same(['other.example', 'third.example'].map((name) => some.source.mayAdd?.(name)), [true, false])
  for (const { source } of [all, some]) {
    const given = ruleAuthoritiesOf(source.current, 'clients', source)
    const read = readRuleAuthorities(describeRuleAuthorities(given)!)
    const ask = (list: typeof given): unknown => list.map(({ awaits }) => {
      return ['other.example', 'third.example', 'partner.example', 'OTHER'].map((name) => awaits?.(name))
    })
    t.same(ask(read), ask(given), 'a worker is told the same')
  }
  const rule = (name: string): readonly string[] => {
    return compileRules({ trustDomain: name }, {
      authorities: ruleAuthoritiesOf(some.source.current, 'clients', some.source)
    }).warnings
  }
  t.match(rule('other.example'), [/matches no peer until an authority is added/])
  t.throws(() => rule('third.example'), { message: /expected a rule that peers of some authority can match/ })
})
