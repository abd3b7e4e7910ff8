// A server on mutual TLS answers a steady load while its rules file is replaced: the longest turn of its event loop,
// how long requests take meanwhile, and how long it takes until the new rules are in force.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Comparison, Run, Section, Timeline } from './benchmark.ts'
import { launch } from './launch.ts'
import { startPacedLoad } from './load/paced.ts'
import type { Answered } from './load/paced.ts'
import { shapes, sizesOf, writeRules } from './rules-files.ts'
import type { Shape } from './rules-files.ts'
import { SeriesBook } from './series-book.ts'
import type { Reloaded } from './servers/rules-file.ts'
import { quantile, summarize } from './statistics.ts'
import { mintMaterial } from './world.ts'

/** Requests each second. The server shares its core with the worker that reads the file. */
const RATE = 500
/** The plot has a point for as many milliseconds: the longest request. */
const BUCKET = 10
/** Milliseconds before and after a reload that the plot shows. */
const MARGIN = 400
/** A round with the largest files takes minutes. */
const LARGE = 1_000_000
/** The size that is plotted over time. */
const PLOTTED = 100_000

interface Measured extends Reloaded {
  readonly quiet: readonly number[]
  readonly during: readonly number[]
  readonly points: Timeline['lanes'][number]['points']
}

export const run: Run = async ({ quick, rounds, seconds }) => {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-rules-reload-'))
  const [turns, delays, took] = [new SeriesBook(), new SeriesBook(), new SeriesBook()]
  const rows: Array<Comparison['rows'][number]> = []
  const lanes: Array<Timeline['lanes'][number]> = []
  for (const shape of shapes) {
    for (const size of sizesOf(shape, quick)) {
      const all = await measure(folder, shape, size, size < LARGE ? rounds : 1, seconds)
      for (const one of all) {
        turns.add(shape.name, size, one.turn)
        delays.add(shape.name, size, one.delay)
        took.add(shape.name, size, one.took)
      }
      rows.push({ name: `${shape.name}, ${size.toLocaleString('en')}`, figures: latenciesOf(all) })
      const [last] = all.slice(-1) as [Measured]
      if (quick || size === PLOTTED) lanes.push({ name: shape.name, points: last.points, span: [0, last.took] })
    }
  }
  await rm(folder, { recursive: true })
  const about = { size: 'clients in the file', digits: 1 }
  return [
    turns.write({ ...about, id: 'turn', title: 'The longest turn of the event loop', unit: 'ms of CPU time' }),
    delays.write({ ...about, id: 'delay', title: 'The longest delay of a timer', unit: 'ms' }),
    took.write({ ...about, id: 'in-force', title: 'Until the new rules are in force', unit: 'ms' }),
    latencyTable(rows),
    timeline(lanes, quick ? 'a few' : PLOTTED.toLocaleString('en'))
  ]
}

async function measure (
  folder: string, shape: Shape, size: number, rounds: number, seconds: number
): Promise<readonly Measured[]> {
  const file = join(folder, `rules.${shape.extension}`)
  const replace = async (version: number): Promise<void> => {
    await writeFile(`${file}.new`, writeRules(shape, size, version))
    await rename(`${file}.new`, file)
  }
  await replace(0)
  const material = await mintMaterial()
  const server = await launch('rules-file', 'h1', material, { file })
  const measured: Measured[] = []
  // The first reload warms the code up.
  for (let round = 0; round <= rounds; round += 1) {
    await replace(round + 1)
    const load = await startPacedLoad({ port: server.port, material }, RATE)
    await wait(Math.max(MARGIN, seconds * 1_000))
    const begun = performance.now()
    const reloaded = await server.ask<Reloaded>('reload')
    await wait(MARGIN)
    const answers = await load.stop()
    if (round > 0 || rounds === 1) measured.push({ ...reloaded, ...split(answers, begun, reloaded.took) })
  }
  await server.stop()
  return measured
}

/** What was due during a reload, or just after it, is told from the rest. */
function split (
  answers: readonly Answered[], begun: number, took: number
): Pick<Measured, 'quiet' | 'during' | 'points'> {
  const within = ({ due }: Answered): boolean => due >= begun && due <= begun + took
  // Connections are opened in the first moment.
  const quiet = answers.filter(({ due }) => due < begun).slice(RATE / 10)
  const longest = new Map<number, number>()
  for (const { due, latency } of answers) {
    const at = Math.floor((due - begun) / BUCKET) * BUCKET
    if (at >= -MARGIN && at <= took + MARGIN) longest.set(at, Math.max(latency, longest.get(at) ?? 0))
  }
  return {
    quiet: quiet.map(({ latency }) => latency),
    during: answers.filter(within).map(({ latency }) => latency),
    points: [...longest].map(([at, latency]) => [at, Math.round(latency * 100) / 100])
  }
}

function latenciesOf (all: readonly Measured[]): Comparison['rows'][number]['figures'] {
  const figure = (share: number, which: 'quiet' | 'during'): ReturnType<typeof summarize> =>
    summarize(all.map((one) => quantile(one[which], share)).filter((value) => !Number.isNaN(value)))
  return {
    quiet99: figure(0.99, 'quiet'),
    quiet: figure(1, 'quiet'),
    during99: figure(0.99, 'during'),
    during: figure(1, 'during')
  }
}

function latencyTable (rows: Comparison['rows']): Section {
  return {
    kind: 'comparison',
    title: 'Requests during a reload and without one',
    metrics: [
      { key: 'quiet99', title: 'p99 without, ms', digits: 1 },
      { key: 'quiet', title: 'longest without, ms', digits: 1 },
      { key: 'during99', title: 'p99 during, ms', digits: 1 },
      { key: 'during', title: 'longest during, ms', digits: 1 }
    ],
    rows,
    notes: [
      `${RATE} requests a second on 8 connections kept alive. The server and its worker share one core. Times are ` +
        'counted from the moment at which a request was due.'
    ]
  }
}

function timeline (lanes: Timeline['lanes'], clients: string): Section {
  return {
    kind: 'timeline',
    id: 'latency',
    title: `Requests while a file of ${clients} clients is replaced`,
    unit: `longest request in ${BUCKET} ms, in ms`,
    lanes
  }
}
