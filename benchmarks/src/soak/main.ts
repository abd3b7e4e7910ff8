// The soak: a server for an hour, with rotations, revocations, new rules, and clients of every kind. Its memory, its
// handles and its latency have to stay flat, and no answer may be wrong.
//
//   node --conditions=@peerkit/source benchmarks/src/soak/main.ts [--minutes 60] [--out FILE.json]
//   node --conditions=@peerkit/source benchmarks/src/soak/main.ts --plot FILE.svg FILE.json …
//
// The first exits with 1 if an answer was wrong or a figure grew. `npm run soak` does both, on three lines of Node.
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { SoakChanges, writeRules } from './changes.ts'
import { SoakLoad } from './load.ts'
import { measureNodeLoss } from './node-loss.ts'
import { plotSoak } from './plot-soak.ts'
import { judge, sampleOf } from './samples.ts'
import type { Sample, SoakRun } from './samples.ts'
import { ServerProcess } from './server-process.ts'
import type { ServerObjects, ServerState } from './server.ts'
import { SoakWorld } from './world.ts'

/** Milliseconds between two changes of the server. */
const CHANGE = 2_000
/** A file system in memory: a disk that others use may not answer for seconds. */
const MEMORY = '/dev/shm'
/** What may be left in memory when all clients are gone. */
const [MOST_CONTEXTS, MOST_SOCKETS] = [10, 10]
/** So many samples in all, each after a garbage collection. */
const SAMPLES = 180

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '60' }, out: { type: 'string' }, plot: { type: 'string' } }
})
if (values.plot !== undefined) await plot(values.plot, positionals)
else await soak(Number(values.minutes), values.out)

async function soak (minutes: number, out: string | undefined): Promise<void> {
  if (!(minutes > 0)) throw new Error(`--minutes is ${values.minutes}; expected a number above 0`)
  const folder = await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'peerkit-soak-'))
  const file = join(folder, 'rules.json')
  await writeRules(file, 0)
  const [world, server] = [await SoakWorld.create(), new ServerProcess()]
  const material = { ...await world.server(), ...await world.trust() }
  const port = await server.ask<number>('start', { material, file })
  const load = new SoakLoad({ port, root: world.root }, world)
  const changes = new SoakChanges(world, server, load, file)
  await load.start()
  const [begun, length] = [performance.now(), minutes * 60_000]
  const over = new AbortController()
  const changing = repeat(over.signal, CHANGE, async () => { await changes.next() })
  const samples: Sample[] = []
  while (performance.now() - begun < length) {
    await pause(length / SAMPLES)
    const state = await server.ask<ServerState>('look')
    samples.push(sampleOf(state, (performance.now() - begun) / 60_000, load.takeLatencies()))
  }
  over.abort()
  await changing
  await load.stop()
  await server.ask('look')
  const objects = await server.ask<ServerObjects>('count')
  await server.stop()
  await rm(folder, { recursive: true })
  const run: SoakRun = { name: `Node ${process.versions.node}`, loss: await measureNodeLoss(world), samples }
  if (out !== undefined) await writeFile(out, `${JSON.stringify(run)}\n`)
  report(run, objects, load, changes)
}

function report (run: SoakRun, objects: ServerObjects, load: SoakLoad, changes: SoakChanges): void {
  const list = (counts: ReadonlyMap<string, number>): string => {
    return [...counts].map(([what, count]) => `${what} ${count.toLocaleString('en')}`).join(', ')
  }
  const { name, loss, samples } = run
  const trends = judge(run)
  console.log(`${name}: ${samples.length} samples\n  clients: ${list(load.counts)}\n  changes: ${list(changes.counts)}`)
  const handshakes = samples.at(-1)?.handshakes ?? 0
  const each = `${Math.round(loss)} octets at each of ${handshakes.toLocaleString('en')} full handshakes`
  console.log(`  lost by Node itself, and not counted as memory below: ${each}`)
  for (const { figure, median, growth, isFlat } of trends) {
    const half = `${median.toPrecision(4)} in the last half, which added ${growth.toPrecision(3)}`
    console.log(`  ${figure}: ${half}${isFlat ? '' : ': GREW'}`)
  }
  const isFree = objects.contexts <= MOST_CONTEXTS && objects.sockets <= MOST_SOCKETS
  const left = `${objects.contexts} TLS contexts, ${objects.sockets} TLS sockets`
  console.log(`  in memory without clients: ${left}${isFree ? '' : ': NOT FREED'}`)
  const wrong = [...load.wrong].map(([what, minutes]) => `${what} (minutes ${minutes.join(', ')})`)
  console.log(`  wrong answers: ${wrong.length === 0 ? 'none' : wrong.join('; ')}`)
  if (load.wrong.size > 0 || !isFree || trends.some(({ isFlat }) => !isFlat)) process.exitCode = 1
}

async function repeat (signal: AbortSignal, milliseconds: number, run: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await run()
    await pause(milliseconds, undefined, { signal }).catch(() => {})
  }
}

async function plot (out: string, files: readonly string[]): Promise<void> {
  const runs = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file, 'utf8')) as SoakRun))
  await writeFile(out, plotSoak(runs))
}
