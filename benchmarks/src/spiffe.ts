// Credentials of the SPIFFE Workload API: from a push to the first handshake, many trust domains, many rotations, and
// requests and handshakes compared with the same credentials in files.
import { createHash } from 'node:crypto'
import { connect } from 'node:tls'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { startAgent } from '../../packages/spiffe/test/support/agent.ts'
import type { Agent } from '../../packages/spiffe/test/support/agent.ts'
import { derOf, svidOf } from '../../packages/spiffe/test/support/messages.ts'
import type { SvidFields } from '../../packages/spiffe/test/support/messages.ts'
import type { Comparison, Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'
import { launch, withCost } from './launch.ts'
import type { Launched } from './launch.ts'
import { loadHttp1 } from './load/http1.ts'
import { loadVisits, makeVisitor } from './load/visits.ts'
import { quantile, summarize } from './statistics.ts'
import type { Material } from './world.ts'

const MIB = 2 ** 20
const PUSHES = 100
const DOMAINS = 200
const ROTATIONS = 1_000

/** A Workload API, and what it sends. */
class World {
  readonly ca: DevCa
  readonly agent: Agent
  readonly client: Material['client']
  readonly #after: Array<() => unknown>
  bundles: Record<string, Uint8Array> = {}

  static async open (): Promise<World> {
    const after: Array<() => unknown> = []
    const ca = await createDevCa({ name: 'Benchmark CA' })
    const { chain, key } = await ca.issue({ spiffe: 'spiffe://bench.example/client' })
    return new World(ca, await startAgent({ after: (task) => after.push(task) }), { cert: chain, key }, after)
  }

  private constructor (ca: DevCa, agent: Agent, client: Material['client'], after: Array<() => unknown>) {
    this.ca = ca
    this.agent = agent
    this.client = client
    this.#after = after
  }

  async close (): Promise<void> { for (const task of this.#after) await task() }

  /** @returns the fingerprint of the leaf, and its PEM */
  async push (): Promise<{ readonly fingerprint: string, readonly server: Material['server'] }> {
    const [svid, { chain, key, der }] = await this.#issue()
    this.agent.push({ svids: [svid], federatedBundles: this.bundles })
    return { fingerprint: createHash('sha256').update(der).digest('hex'), server: { cert: chain, key } }
  }

  async #issue (): Promise<[SvidFields, Awaited<ReturnType<DevCa['issue']>>]> {
    const id = 'spiffe://bench.example/server'
    const issued = await this.ca.issue({ spiffe: id, dns: 'localhost', ip: '127.0.0.1' })
    return [svidOf(issued, this.ca, id), issued]
  }

  async serve (): Promise<Launched> {
    const material = { ca: this.ca.root, server: { cert: '', key: '' }, client: this.client }
    return await launch('spiffe', 'h1', material, { socket: this.agent.address })
  }
}

export const run: Run = async ({ quick, rounds, seconds }) => {
  const bundles = await makeBundles(quick ? 5 : DOMAINS, 'first')
  const changed = await makeBundles(quick ? 5 : DOMAINS, 'second')
  return [
    await measurePushes(quick ? 3 : PUSHES, { none: {}, all: bundles }),
    await measureDomains(bundles, changed, rounds),
    await measureRotations(quick ? 10 : ROTATIONS),
    await compareWithFiles(rounds, seconds)
  ]
}

async function makeBundles (count: number, which: string): Promise<Record<string, Uint8Array>> {
  const entries = await Promise.all(Array.from({ length: count }, async (_, index) => {
    return [`spiffe://p${index}.example`, derOf((await createDevCa({ name: `${which} CA of p${index}` })).root)] as const
  }))
  return Object.fromEntries(entries)
}

async function measurePushes (
  times: number, sets: { readonly none: World['bundles'], readonly all: World['bundles'] }
): Promise<Comparison> {
  const rows = []
  for (const bundles of [sets.none, sets.all]) {
    const world = await World.open()
    world.bundles = bundles
    await world.push()
    const server = await world.serve()
    await server.ask('stopWatch')
    const delays: number[] = []
    // The first pushes let V8 compile the code.
    for (let turn = -10; turn < times; turn += 1) {
      const { fingerprint } = await world.push()
      const pushed = performance.now()
      while (await shownBy(world, server.port) !== fingerprint);
      if (turn >= 0) delays.push(performance.now() - pushed)
    }
    await server.stop()
    await world.close()
    const count = Object.keys(bundles).length
    const figures = { seen: summarize(delays), worst: summarize([quantile(delays, 1)]), times: summarize([times]) }
    rows.push({ name: count === 0 ? 'no federated trust domain' : `${count} federated trust domains`, figures })
  }
  const metrics: Metric[] = [
    { key: 'seen', title: 'median, ms', digits: 1 }, { key: 'worst', title: 'longest, ms', digits: 1 },
    { key: 'times', title: 'pushes' }
  ]
  const notes = ['From the write to the socket to the end of the first handshake that shows the new certificate. ' +
    'Clients connect without a pause, one after the other.']
  return { kind: 'comparison', title: 'From a push to the first handshake with it', metrics, rows, notes }
}

/** The certificate that the server presents. */
async function shownBy ({ ca, client }: World, port: number): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: ca.root, ...client }, () => {
      resolve(createHash('sha256').update(socket.getPeerX509Certificate()?.raw ?? '').digest('hex'))
      socket.destroy()
    }).on('error', reject)
  })
}

async function measureDomains (
  bundles: World['bundles'], changed: World['bundles'], rounds: number
): Promise<Comparison> {
  const [some] = Object.keys(bundles) as [string]
  const steps: ReadonlyArray<readonly [string, World['bundles']]> = [
    ['a new X.509-SVID', bundles],
    ['and one bundle is another', { ...bundles, [some]: changed[some] as Uint8Array }],
    ['and every bundle is another', changed]
  ]
  const figures = new Map<string, { readonly turn: number[], readonly heap: number[] }>()
  const note = (name: string, turn: number, heap: number): void => {
    const known = figures.get(name) ?? { turn: [], heap: [] }
    figures.set(name, { turn: [...known.turn, turn], heap: [...known.heap, heap] })
  }
  for (let round = 0; round < rounds; round += 1) {
    const world = await World.open()
    await world.push()
    const server = await world.serve()
    const heap = async (): Promise<number> => (await server.ask<{ heap: number }>('memory')).heap / MIB
    const before = await heap()
    let generation = 1
    const take = async (set: World['bundles']): Promise<number> => {
      await server.ask('longestTurn')
      world.bundles = set
      await world.push()
      generation += 1
      while ((await server.ask<{ generation: number }>('state')).generation < generation);
      await shownBy(world, server.port)
      return await server.ask<number>('longestTurn')
    }
    note('all of them join', await take(bundles), await heap() - before)
    for (const [name, set] of steps) note(name, await take(set), await heap() - before)
    await server.stop()
    await world.close()
  }
  const metrics: Metric[] = [
    { key: 'turn', title: 'longest turn of the event loop, ms', digits: 1 },
    { key: 'heap', title: 'heap, MiB more than without', digits: 1 }
  ]
  const rows = [...figures].map(([name, { turn, heap }]) => ({
    name, figures: { turn: summarize(turn), heap: summarize(heap) }
  }))
  const notes = ['The CPU time of the turn, up to the next handshake, with the secure context of the server. ' +
    'In a new process: V8 has not compiled the code yet.']
  return { kind: 'comparison', title: `${Object.keys(bundles).length} federated trust domains`, metrics, rows, notes }
}

async function measureRotations (rotations: number): Promise<Comparison> {
  const world = await World.open()
  await world.push()
  const server = await world.serve()
  await server.ask('stopWatch')
  const rows = []
  for (let turn = 1; turn <= rotations; turn += 1) {
    await world.push()
    while ((await server.ask<{ generation: number }>('state')).generation <= turn);
    if (![rotations / 10, rotations / 2, rotations].includes(turn)) continue
    await shownBy(world, server.port)
    const { heap } = await server.ask<{ heap: number }>('memory')
    const { handles } = await server.ask<{ handles: number }>('state')
    rows.push({ name: `after ${turn}`, figures: { heap: summarize([heap / MIB]), handles: summarize([handles]) } })
  }
  await server.stop()
  await world.close()
  const metrics: Metric[] = [
    { key: 'heap', title: 'heap after collection, MiB', digits: 1 }, { key: 'handles', title: 'open resources' }
  ]
  return { kind: 'comparison', title: 'Many rotations', metrics, rows }
}

async function compareWithFiles (rounds: number, seconds: number): Promise<Comparison> {
  const world = await World.open()
  const { server } = await world.push()
  const material = { ca: world.ca.root, server, client: world.client }
  const servers = [
    { name: 'files', launched: await launch('svid-files', 'h1', material) },
    { name: 'files, another process (noise)', launched: await launch('svid-files', 'h1', material) },
    { name: 'Workload API', launched: await world.serve() }
  ]
  await servers[2]?.launched.ask('stopWatch')
  const visitor = makeVisitor({ ca: material.ca, chain: world.client.cert, key: world.client.key })
  const count = Math.max(10, Math.round(seconds * 100))
  const contenders = servers.map(({ name, launched }) => ({
    name,
    measure: async () => {
      const { port } = launched
      const kept = await withCost(launched, async () => await loadHttp1({ port, material, seconds }))
      const before = await launched.cpuSeconds() ?? NaN
      await loadVisits(port, Array.from({ length: count }, () => visitor))
      const handshakes = count / ((await launched.cpuSeconds() ?? NaN) - before)
      return { perCpuSecond: kept.perCpuSecond, p50: kept.p50, handshakes }
    }
  }))
  for (const { measure } of contenders) await measure()
  const metrics: Metric[] = [
    { key: 'perCpuSecond', title: 'requests per CPU second, kept alive', ratio: true },
    { key: 'handshakes', title: 'new connections per CPU second', ratio: true }
  ]
  const comparison = await compare('Compared with files', metrics, contenders, rounds)
  for (const { launched } of servers) await launched.stop()
  await world.close()
  return comparison
}
