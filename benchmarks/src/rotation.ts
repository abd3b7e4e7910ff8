// Rotation and revocation of a server under load: when they take effect, what they cost, and which requests are lost.
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { Comparison, Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'
import { launch, withCost } from './launch.ts'
import type { Launched } from './launch.ts'
import { loadHttp1 } from './load/http1.ts'
import { quantile, summarize } from './statistics.ts'
import type { Material } from './world.ts'

const EACH_MS = 250
const TIMES = 30
const REQUEST = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'
const LOAD_METRICS: readonly Metric[] = [
  { key: 'rate', title: 'requests/s', ratio: true },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2, ratio: true },
  { key: 'changes', title: 'changes', sum: true },
  { key: 'answered', title: 'requests answered', sum: true },
  { key: 'lost', title: 'requests lost', sum: true }
]

interface World {
  readonly ca: DevCa
  readonly material: Material
  readonly others: ReadonlyArray<{ cert: string, key: string, fingerprint: string }>
  readonly server: Launched
}

export const run: Run = async ({ quick, rounds, seconds }) => {
  const world = await build()
  const { server } = world
  await load(world, Math.min(1, seconds), undefined)
  const contenders = [
    { name: 'quiet', measure: async () => await load(world, seconds, undefined) },
    {
      name: `a new certificate every ${EACH_MS} ms`,
      measure: async () => {
        return await load(world, seconds, async (turn) => { await server.ask('update', certificateOf(world, turn)) })
      }
    },
    {
      name: `a new CRL every ${EACH_MS} ms`,
      measure: async () => {
        return await load(world, seconds, async () => {
          await server.ask('update', { crl: (await world.ca.crl()).pem })
        })
      }
    }
  ]
  const underLoad = await compare('Under load, HTTP/1.1, 16 connections kept alive', LOAD_METRICS, contenders, rounds)
  const times = quick ? 3 : TIMES
  const effects = await measureEffects(world, times)
  await server.stop()
  return [underLoad, effects]
}

async function build (): Promise<World> {
  const ca = await createDevCa({ name: 'Benchmark CA' })
  const others = await Promise.all([0, 1].map(async () => {
    const { chain, key, der } = await ca.issue({ cn: 'localhost', dns: 'localhost', ip: '127.0.0.1' })
    return { cert: chain, key, fingerprint: createHash('sha256').update(der).digest('hex') }
  }))
  const { chain, key } = await ca.issue({ cn: 'client-7', spiffe: 'spiffe://bench.example/ns/pay/sa/client-7' })
  const [first] = others
  const material = {
    ca: ca.root, server: { cert: first?.cert ?? '', key: first?.key ?? '' }, client: { cert: chain, key }
  }
  return { ca, material, others, server: await launch('peerkit', 'h1', material, { crl: (await ca.crl()).pem }) }
}

function certificateOf ({ others }: World, turn: number): { cert: string, key: string } {
  const { cert = '', key = '' } = others[turn % 2] ?? {}
  return { cert, key }
}

async function load (
  { material, server }: World, seconds: number, change: ((turn: number) => Promise<void>) | undefined
): Promise<Record<string, number>> {
  let changes = 0
  const stop = new AbortController()
  const changing = change === undefined
    ? undefined
    : changeAgainAndAgain(async () => { await change(changes += 1) }, stop.signal)
  const { rate, p50, p99, answered, lost } = await withCost(
    server, async () => await loadHttp1({ port: server.port, material, seconds, forgiving: true })
  )
  stop.abort()
  await changing
  return { rate, p50, p99, answered, lost, changes }
}

async function changeAgainAndAgain (change: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await change()
    await wait(EACH_MS)
  }
}

/** Without load: how long an update takes, and whether the next handshake or request notices it. */
async function measureEffects (world: World, times: number): Promise<Comparison> {
  const { server, ca } = world
  const figures: Record<string, { update: number[], seen: number[], missed: number }> = {
    certificate: { update: [], seen: [], missed: 0 }, revocation: { update: [], seen: [], missed: 0 }
  }
  const note = (kind: string, update: number, seen: number, met: boolean): void => {
    const of = figures[kind]
    of?.update.push(update)
    of?.seen.push(seen)
    if (of !== undefined && !met) of.missed += 1
  }
  for (let turn = 0; turn < times; turn += 1) {
    const { fingerprint, ...material } = world.others[(turn + 1) % 2] as World['others'][number]
    const asked = performance.now()
    const update = await server.ask<number>('update', material)
    const shown = await fingerprintOf(world)
    note('certificate', update, performance.now() - asked, shown === fingerprint)
  }
  for (let turn = 0; turn < times; turn += 1) {
    const client = await ca.issue({ cn: 'client-7', spiffe: 'spiffe://bench.example/ns/pay/sa/client-7' })
    const socket = await open(world, { cert: client.chain, key: client.key })
    if (await statusOf(socket) !== '200') throw new Error('the client was refused before it was revoked')
    ca.revoke(client)
    const crl = (await ca.crl()).pem
    const asked = performance.now()
    const update = await server.ask<number>('update', { crl })
    const status = await statusOf(socket)
    note('revocation', update, performance.now() - asked, status === '401')
    socket.destroy()
  }
  const row = (
    name: string, { update, seen, missed }: { update: number[], seen: number[], missed: number }
  ): Comparison['rows'][number] => ({
    name,
    figures: {
      update: summarize(update),
      seen: summarize(seen),
      worst: summarize([quantile(seen, 1)]),
      missed: summarize([missed]),
      times: summarize([times])
    }
  })
  const metrics: Metric[] = [
    { key: 'update', title: 'update() ms', digits: 2 },
    { key: 'seen', title: 'until a client notices, ms', digits: 2 },
    { key: 'worst', title: 'longest, ms', digits: 1 },
    { key: 'times', title: 'changes' },
    { key: 'missed', title: 'not noticed at once' }
  ]
  const rows = [
    row('a new certificate: the next handshake', figures['certificate'] as never),
    row('a revocation: the next request of an open connection', figures['revocation'] as never)
  ]
  return {
    kind: 'comparison',
    title: 'Taking effect, without load',
    metrics,
    rows,
    notes: [
      'Until a client notices: from the call in another process to the end of the handshake that shows the new ' +
        'certificate, or to the 401.'
    ]
  }
}

async function open (
  { material: { ca }, server: { port } }: World, client: { cert: string, key: string }
): Promise<TLSSocket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, ...client }, () => {
      resolve(socket)
    }).on('error', reject)
  })
}

async function fingerprintOf (world: World): Promise<string> {
  const socket = await open(world, world.material.client)
  const { raw } = socket.getPeerCertificate()
  socket.destroy()
  return createHash('sha256').update(raw).digest('hex')
}

/** The status of the next answer; `closed` if the connection ends without one. */
async function statusOf (socket: TLSSocket): Promise<string> {
  return await new Promise((resolve) => {
    const [answer, close] = [(chunk: Buffer): void => {
      settle(chunk.toString('latin1', 9, 12))
    }, (): void => { settle('closed') }]
    const settle = (status: string): void => {
      socket.off('data', answer).off('close', close)
      resolve(status)
    }
    socket.on('data', answer).on('close', close)
    socket.write(REQUEST)
  })
}
