// EP: how the Workload API is found, and how often it is asked. The calls are timed by a clock of the test.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'tap'
import type { Test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { spiffeCredentials } from '../../src/index.ts'
import { startAgent } from '../support/agent.ts'
import type { Agent } from '../support/agent.ts'
import { TrustDomain, stayAlive } from '../support/world.ts'
import { Suite, TRUST_DOMAIN } from './suite.ts'

const HARNESS = join(import.meta.dirname, '../../../../test/interop/spiffe-conformance/harness')
const domain = await TrustDomain.make(TRUST_DOMAIN)

interface Started { readonly lines: readonly string[], readonly code: number | null }

/** Starts the harness as the suite does, and ends it when it is ready. */
async function run (address: string): Promise<Started> {
  // Of an environment with nothing else about SPIFFE.
  const child = spawn(HARNESS, [], { env: { PATH: process.env['PATH'], SPIFFE_ENDPOINT_SOCKET: address }, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    if (line === 'READY') child.kill('SIGTERM')
  })
  const [code] = await once(child, 'close')
  return { lines, code }
}

async function serve (t: Test, at?: 'tcp'): Promise<Agent> {
  const agent = await startAgent(t, at)
  agent.push({ svids: [await domain.svid('/default')] })
  return agent
}

test('EP-1: the endpoint is found by SPIFFE_ENDPOINT_SOCKET alone', async (t) => {
  const agent = await serve(t)
  const { lines, code } = await run(agent.address.replace('unix:', 'unix://'))
  t.match(lines, ['SPIFFE_HARNESS_VERSION=1', /^SPIFFE_X509_PORT=\d+$/, /^SPIFFE_CONTROL_PORT=\d+$/, 'READY'])
  t.equal(code, 0, 'SIGTERM ends it')
  t.equal(agent.calls.length, 1)
})

test('EP-2: every call has the security header', async (t) => {
  const suite = await Suite.start(t)
  t.equal((await suite.control('/v1/jwt/validate', { token: 'x', audience: 'conformance' })).code, 501)
  suite.agent.drop()
  await suite.agent.nextCall()
  t.same(suite.agent.calls.map((headers) => headers['workload.spiffe.io']), ['true', 'true'])
})

test('EP-3: an endpoint at tcp://127.0.0.1', async (t) => {
  const agent = await serve(t, 'tcp')
  t.equal((await run(agent.address)).lines.at(-1), 'READY')
})

test('EP-4/unix-authority: an address with a host is refused', async (t) => {
  const agent = await serve(t)
  t.same(await run(agent.address.replace('unix:', 'unix://localhost')), { lines: [], code: 1 })
  t.same(agent.calls, [])
  t.equal((await run(agent.address)).lines.at(-1), 'READY', 'the control')
})

test('EP-4/tcp-path: an address of TCP with a path is refused', async (t) => {
  const agent = await serve(t, 'tcp')
  t.same(await run(`${agent.address}/foo`), { lines: [], code: 1 })
  t.same(agent.calls, [])
  t.equal((await run(agent.address)).lines.at(-1), 'READY', 'the control')
})

for (const [number, status] of [['EP-5', 14], ['EP-6', 7]] as const) {
  test(`${number}: after gRPC status ${status} the agent is asked again, with growing pauses`, async (t) => {
    stayAlive(t)
    const agent = await serve(t)
    const clock = new ManualClock()
    agent.answer(status)
    const waits: number[] = []
    let scheduled = clock.nextTask((delay) => delay === 1_000)
    const starting = spiffeCredentials({ socket: agent.address, clock, random: () => 0 })
    for (const delay of [1_000, 2_000, 4_000]) {
      await scheduled
      waits.push(clock.delays.at(-1) as number)
      scheduled = clock.nextTask((next) => next === delay * 2)
      if (delay === 4_000) agent.answer(undefined)
      clock.advance(delay)
    }
    const source = await starting
    t.equal(source.current.identity.spiffeId, `spiffe://${TRUST_DOMAIN}/default`)
    t.same(waits, [1_000, 2_000, 4_000])
    t.equal(agent.calls.length, 4)
    await source.close()
  })
}

test('EP-7: after InvalidArgument the agent is not asked again for half a minute', async (t) => {
  stayAlive(t)
  const agent = await serve(t)
  const clock = new ManualClock()
  agent.answer(3)
  const scheduled = clock.nextTask((delay) => delay === 30_000)
  const starting = spiffeCredentials({ socket: agent.address, clock, random: () => 0, waitFor: 60_000, pingInterval: 45_000 })
  await scheduled
  clock.advance(29_999)
  t.equal(agent.calls.length, 1)
  agent.answer(undefined)
  clock.advance(1)
  await (await starting).close()
  t.equal(agent.calls.length, 2)
})

test('EP-8: an endpoint that is not there yet is tried again', async (t) => {
  stayAlive(t)
  const agent = await serve(t)
  const clock = new ManualClock()
  await agent.stop()
  const scheduled = clock.nextTask((delay) => delay === 1_000)
  const starting = spiffeCredentials({ socket: agent.address, clock, random: () => 0 })
  await scheduled
  await agent.start()
  clock.advance(1_000)
  await (await starting).close()
})
