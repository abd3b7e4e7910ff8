// What goes on while a source lives, and that nothing does afterwards.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { parsePeerIdentity } from '@peerkit/identity'
import { splitCertificates } from '../src/source/read-certificates.ts'
import { spiffeCredentials } from '../src/index.ts'
import { frame, startAgent } from './support/agent.ts'
import { writeSvidResponse } from './support/messages.ts'
import type { ResponseFields } from './support/messages.ts'
import { TrustDomain, nextChange, stayAlive } from './support/world.ts'

const [prod, partner] = [await TrustDomain.make('prod.example'), await TrustDomain.make('partner.example')]

const serialOf = ({ svids: [svid] = [] }: ResponseFields): string | undefined =>
  parsePeerIdentity(splitCertificates(svid?.certificates as Uint8Array, 'it')[0] as Uint8Array).serialNumber

test('a flood of messages: the last one counts, few of the others are looked at, and other work goes on', async (t) => {
  stayAlive(t)
  const agent = await startAgent(t)
  agent.push(await prod.response())
  const source = await spiffeCredentials({ socket: agent.address })
  t.after(async () => { await source.close() })
  const [one, two, last] = [await prod.response(), await prod.response({ federatedBundles: { 'spiffe://partner.example': partner.bundle } }), await prod.response()]
  let rotations = 0
  const arrived = new Promise<void>((resolve) => {
    source.subscribe(({ type }) => {
      rotations += type === 'rotated' ? 1 : 0
      if (source.current.identity.serialNumber === serialOf(last)) resolve()
    })
  })
  const frames = [one, two].map((response) => frame(writeSvidResponse(response)))
  agent.pushRaw(Buffer.concat([...Array(1_000).keys()].map((index) => frames[index % 2] as Buffer)))
  agent.push(last)
  await arrived
  t.ok(rotations < 500, `${rotations} of 1,001 were used`)
})

test('close() during a push, while the agent is away, and twice', async (t) => {
  stayAlive(t)
  const agent = await startAgent(t)
  const pushed = await prod.response()
  for (const disturb of [
    () => { agent.push(pushed) },
    () => { agent.pushRaw(frame(Buffer.from([0x0f]))) },
    async () => { agent.drop() },
    () => {}
  ]) {
    const clock = new ManualClock()
    const answered = await prod.response()
    agent.push(answered)
    const source = await spiffeCredentials({ socket: agent.address, clock })
    const { current } = source
    let told = 0
    source.subscribe(() => { told += 1 })
    await disturb()
    const closing = source.close()
    t.equal(source.close(), closing)
    await closing
    t.equal(source.closed, true)
    t.equal(source.current, current, 'the last one can still be read')
    t.equal(clock.waiting, 0)
    t.equal(told, 0, 'nobody is told afterwards')
  }
  const clock = new ManualClock()
  const source = await spiffeCredentials({ socket: agent.address, clock, random: () => 0 })
  const refused = nextChange(source, 'refused')
  await agent.stop()
  await refused
  t.equal(clock.waiting, 1, 'the next attempt')
  await source.close()
  t.equal(clock.waiting, 0)
})

test('two sources in one process: one ends, the other goes on', async (t) => {
  stayAlive(t)
  const agent = await startAgent(t)
  agent.push(await prod.response())
  const [one, two] = [await spiffeCredentials({ socket: agent.address }), await spiffeCredentials({ socket: agent.address })]
  await one.close()
  const rotated = nextChange(two, 'rotated')
  agent.push(await prod.response())
  await rotated
  t.not(two.current.identity.serialNumber, one.current.identity.serialNumber)
  await two.close()
})

test('reconnects leave nothing behind', async (t) => {
  stayAlive(t)
  const warnings: Error[] = []
  const warn = (warning: Error): void => { warnings.push(warning) }
  process.on('warning', warn)
  t.after(() => { process.off('warning', warn) })
  const clock = new ManualClock()
  const agent = await startAgent(t)
  agent.push(await prod.response())
  const source = await spiffeCredentials({ socket: agent.address, clock, random: () => 0 })
  const reconnect = async (): Promise<void> => {
    const refused = nextChange(source, 'refused')
    agent.drop()
    await refused
    const [called, recovered] = [agent.nextCall(), nextChange(source, 'recovered')]
    clock.advance(1_000)
    await called
    await recovered
  }
  const resources = (): Record<string, number> =>
    Object.fromEntries([...Map.groupBy(process.getActiveResourcesInfo(), (name) => name)].map(([name, all]) => [name, all.length]))
  for (let turn = 0; turn < 20; turn += 1) await reconnect()
  const [before, waiting] = [resources(), clock.waiting]
  for (let turn = 0; turn < 980; turn += 1) await reconnect()
  t.ok((resources()['PipeWrap'] ?? 0) <= (before['PipeWrap'] ?? 0) + 2, 'sockets')
  t.equal(clock.waiting, waiting, 'timers')
  t.equal(agent.streams.size, 1)
  t.same(warnings, [])
  await source.close()
  t.equal(clock.waiting, 0)
})

test('in a worker thread, which ends by itself', async (t) => {
  const agent = await startAgent(t)
  agent.push(await prod.response())
  const script = `
    import { parentPort, workerData } from 'node:worker_threads'
    const { spiffeCredentials } = await import('@peerkit/spiffe')
    const { current } = await spiffeCredentials({ socket: workerData })
    parentPort.postMessage(current.identity.spiffeId)`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script.replace("'@peerkit/spiffe'", `'${import.meta.resolve('@peerkit/spiffe')}'`))}`), { workerData: agent.address, execArgv: ['--conditions=@peerkit/source'] })
  const ended = once(worker, 'exit')
  const [id] = await once(worker, 'message')
  t.equal(id, 'spiffe://prod.example/ledger')
  t.same(await ended, [0])
})
