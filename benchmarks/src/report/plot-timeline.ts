// Values over time as SVG, one lane below the other, with a logarithmic axis for the values.
import type { Timeline } from '../benchmark.ts'
import { escape, formatPower, round, style } from './plot.ts'

const [WIDTH, LANE, TOP, LEFT, RIGHT] = [760, 130, 50, 74, 736]
/** Between the name of a lane and its grid, and below the grid. */
const [HEAD, FOOT] = [18, 24]

/** An SVG document. What happened within the span of a lane is shaded. */
export function plotTimeline ({ title, unit, lanes }: Timeline): string {
  const height = TOP + lanes.length * LANE + 20
  const values = lanes.flatMap(({ points }) => points.map(([, value]) => value)).filter((value) => value > 0)
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values))), low + 2)
  const label = `${title}: ${unit} by ms; ${lanes.map(({ name }) => name).join('; ')}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" ` +
      `aria-label="${escape(label)}">`,
    style('.span{fill:var(--c);opacity:.12}'),
    `<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>`,
    `<text class="title" x="20" y="28">${escape(title)}</text>`,
    ...lanes.flatMap((lane, index) => drawLane(lane, index, low, high)),
    `<text class="axis" x="${(LEFT + RIGHT) / 2}" y="${height - 8}" text-anchor="middle">` +
      'ms since the reload began</text>',
    `<text class="axis" transform="translate(18 ${TOP + lanes.length * LANE / 2}) rotate(-90)" ` +
      `text-anchor="middle">${escape(unit)}</text>`,
    '</svg>',
    ''
  ].join('\n')
}

function drawLane (
  { name, points, span }: Timeline['lanes'][number], index: number, low: number, high: number
): string[] {
  const [top, bottom] = [TOP + index * LANE + HEAD, TOP + (index + 1) * LANE - FOOT]
  const sorted = [...points].sort(([a], [b]) => a - b)
  const [from, to] = [sorted[0]?.[0] ?? 0, sorted.at(-1)?.[0] ?? 1]
  const x = (at: number): number => round(LEFT + (at - from) / Math.max(1, to - from) * (RIGHT - LEFT))
  const y = (value: number): number => {
    const share = (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)
    return round(bottom - share * (bottom - top))
  }
  const path = sorted.map(([at, value], position) => `${position === 0 ? 'M' : 'L'}${x(at)} ${y(value)}`).join('')
  const grid: string[] = []
  for (let power = low; power <= high; power += 1) {
    const at = y(10 ** power)
    grid.push(
      `<path class="grid" d="M${LEFT} ${at}H${RIGHT}"/><text x="${LEFT - 8}" y="${at + 4}" ` +
        `text-anchor="end">${formatPower(power)}</text>`
    )
  }
  const [begin, end] = [x(span[0]), x(span[1])]
  return [
    `<g class="s${index % 6}"><text x="${LEFT}" y="${top - 5}">${escape(name)}</text>`,
    `<rect class="span" x="${begin}" y="${top}" width="${round(Math.max(1, end - begin))}" height="${bottom - top}"/>`,
    ...grid,
    `<path class="line" d="${path}"/>`,
    `<text x="${begin}" y="${bottom + 16}" text-anchor="middle">0</text>`,
    `<text x="${end}" y="${bottom + 16}" text-anchor="middle">${Math.round(span[1]).toLocaleString('en')}</text></g>`
  ]
}
