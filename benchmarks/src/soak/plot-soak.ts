// Figures of a soak over time as SVG: a lane for each figure, with an axis from zero, and a line for each Node.
import { escape, round, style } from '../report/plot.ts'
import { ownMemory } from './samples.ts'
import type { Sample, SoakRun } from './samples.ts'

const [WIDTH, LANE, TOP, LEFT, RIGHT] = [760, 110, 74, 74, 736]
const [HEAD, FOOT] = [22, 16]

interface Lane { readonly name: string, readonly of: (sample: Sample, run: SoakRun) => number }

const LANES: readonly Lane[] = [
  { name: 'heap of the server, MB', of: ({ heap }) => heap / 1e6 },
  { name: 'memory of its process without files, MB', of: ({ anonymous }) => anonymous / 1e6 },
  { name: 'the same without what Node itself loses, MB', of: (sample, run) => ownMemory(run, sample) / 1e6 },
  { name: 'open sockets', of: ({ sockets }) => sockets },
  { name: 'timers, sockets and other resources', of: ({ resources }) => resources },
  { name: 'steady calls: 99th percentile, ms', of: ({ p99 }) => p99 }
]

/** An SVG document. It has no lane for a figure that no run has. */
export function plotSoak (runs: readonly SoakRun[]): string {
  const lanes = LANES.filter((lane) => runs.some((run) => pointsOf(lane, run).length > 0))
  const height = TOP + lanes.length * LANE + 30
  const minutes = Math.max(...runs.flatMap(({ samples }) => samples.map(({ at }) => at)))
  const title = 'A server during the soak'
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" ` +
      `aria-label="${escape(`${title}: ${lanes.map(({ name }) => name).join('; ')}`)}">`,
    style(),
    `<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>`,
    `<text class="title" x="20" y="28">${escape(title)}</text>`,
    ...runs.map(({ name }, index) => `<g class="s${index % 6}"><path class="line" d="M${LEFT + index * 160} 48h24"/>` +
      `<text x="${LEFT + 30 + index * 160}" y="52">${escape(name)}</text></g>`),
    ...lanes.flatMap((lane, index) => drawLane(lane, index, runs, minutes)),
    `<text class="axis" x="${(LEFT + RIGHT) / 2}" y="${height - 8}" text-anchor="middle">` +
      `minutes since the start, up to ${Math.round(minutes)}</text>`,
    '</svg>',
    ''
  ].join('\n')
}

/** The moments at which a figure was known. */
function pointsOf ({ of }: Lane, run: SoakRun): ReadonlyArray<readonly [at: number, value: number]> {
  const all = run.samples.map((sample) => [sample.at, of(sample, run)] as const)
  return all.filter(([, value]) => Number.isFinite(value))
}

function drawLane (lane: Lane, index: number, runs: readonly SoakRun[], minutes: number): readonly string[] {
  const [top, bottom] = [TOP + index * LANE + HEAD, TOP + (index + 1) * LANE - FOOT]
  const lines = runs.map((run) => pointsOf(lane, run))
  const most = Math.max(1, ...lines.flat().map(([, value]) => value))
  const x = (at: number): number => round(LEFT + at / minutes * (RIGHT - LEFT))
  const y = (value: number): number => round(bottom - value / most * (bottom - top))
  return [
    `<text x="${LEFT}" y="${top - 7}">${escape(lane.name)}</text>`,
    ...[0, most].map((value) => `<path class="grid" d="M${LEFT} ${y(value)}H${RIGHT}"/>` +
      `<text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${Math.round(value).toLocaleString('en')}</text>`),
    ...lines.map((points, run) => {
      const path = points.map(([at, value], point) => `${point === 0 ? 'M' : 'L'}${x(at)} ${y(value)}`).join('')
      return `<g class="s${run % 6}"><path class="line" d="${path}"/></g>`
    })
  ]
}
