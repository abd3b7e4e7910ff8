// Cost against size as SVG with logarithmic axes, readable on light and on dark pages.
import type { Series } from '../benchmark.ts'

const [WIDTH, HEIGHT] = [760, 420]
const AREA = { left: 74, right: 736, top: 92, bottom: 366 }
/** Colours for the colour-blind (after Okabe and Ito), each for light and for dark pages. The marks differ as well. */
const COLOURS = [
  ['#0072b2', '#56b4e9'], ['#c04d00', '#f5a04c'], ['#00795a', '#3fc79a'], ['#a2437e', '#e397c4'],
  ['#6b5b00', '#d9c54a'], ['#555555', '#b5b5b5']
] as const
const MARKS = [
  'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0', 'M-4-4h8v8h-8z', 'M0-5 5 4h-10z', 'M0-5 5 0 0 5-5 0z', 'M0 5 5-4h-10z',
  'M-5-2h3v-3h4v3h3v4h-3v3h-4v-3h-3z'
]

interface Scale { readonly low: number, readonly high: number, readonly at: (value: number) => number }

/** An SVG document. Lines between medians, bars from quartile to quartile. */
export function plotSeries ({ title, size, unit, lines }: Series): string {
  const points = lines.flatMap((line) => line.points.filter(({ median }) => median > 0))
  const x = scaleOf(points.map((point) => point.size), AREA.left + 16, AREA.right - 16)
  const y = scaleOf(
    points.flatMap(({ median, low, high }) => [median, low > 0 ? low : median, high > 0 ? high : median]),
    AREA.bottom,
    AREA.top,
    true
  )
  const label = `${title}: ${unit} by ${size}, ${lines.map(({ name }) => name).join('; ')}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
      `aria-label="${escape(label)}">`,
    style(),
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `<text class="title" x="20" y="28">${escape(title)}</text>`,
    ...drawGrid(x, y),
    ...lines.flatMap((line, index) => drawLine(line, index % COLOURS.length, x, y)),
    ...drawLegend(lines.map(({ name }) => name)),
    `<text class="axis" x="${(AREA.left + AREA.right) / 2}" y="${HEIGHT - 14}" ` +
      `text-anchor="middle">${escape(size)}</text>`,
    `<text class="axis" transform="translate(18 ${(AREA.top + AREA.bottom) / 2}) rotate(-90)" ` +
      `text-anchor="middle">${escape(unit)}</text>`,
    '</svg>',
    ''
  ].join('\n')
}

/** @param more rules beside those that all plots share */
export function style (more: string = ''): string {
  const series = (shade: 0 | 1): string => COLOURS.map((colour, index) => `.s${index}{--c:${colour[shade]}}`).join('')
  const shades = (page: string, ink: string, grid: string): string =>
    `.page{fill:${page}}text{fill:${ink}}.grid{stroke:${grid}}`
  const light = `${shades('#ffffff', '#24292f', '#d8dee4')}${series(0)}`
  const dark = `${shades('#0d1117', '#e6edf3', '#30363d')}${series(1)}`
  return '<style>text{font:13px system-ui,sans-serif}.title{font-size:16px;font-weight:600}.grid{stroke-width:1}' +
    '.line{fill:none;stroke:var(--c);stroke-width:2}.bar{stroke:var(--c);stroke-width:1.5}.mark{fill:var(--c)}' +
    `${more}${light}@media (prefers-color-scheme:dark){${dark}}</style>`
}

/** With `decades` the scale begins and ends at powers of ten, at least two of them apart: flat lines must look flat. */
function scaleOf (values: readonly number[], from: number, to: number, decades = false): Scale {
  let low = Math.log10(Math.min(...values))
  let high = Math.log10(Math.max(...values))
  if (decades) {
    low = Math.floor(low)
    high = Math.max(Math.ceil(high), low + 2)
  } else if (high === low) high += 1
  return { low, high, at: (value) => from + (Math.log10(value) - low) / (high - low) * (to - from) }
}

function drawGrid (x: Scale, y: Scale): string[] {
  const grid: string[] = []
  for (let power = Math.ceil(y.low); power <= y.high; power += 1) {
    const at = round(y.at(10 ** power))
    grid.push(
      `<path class="grid" d="M${AREA.left} ${at}H${AREA.right}"/><text x="${AREA.left - 8}" y="${at + 4}" ` +
        `text-anchor="end">${formatPower(power)}</text>`
    )
  }
  for (let power = Math.ceil(x.low); power <= x.high; power += 1) {
    const at = round(x.at(10 ** power))
    grid.push(
      `<path class="grid" d="M${at} ${AREA.top}V${AREA.bottom}"/><text x="${at}" y="${AREA.bottom + 20}" ` +
        `text-anchor="middle">${formatPower(power)}</text>`
    )
  }
  return grid
}

function drawLine ({ points }: Series['lines'][number], colour: number, x: Scale, y: Scale): string[] {
  const shown = points.filter(({ median }) => median > 0)
  const path = shown
    .map(({ size, median }, index) => `${index === 0 ? 'M' : 'L'}${round(x.at(size))} ${round(y.at(median))}`)
    .join('')
  const bars = shown.filter(({ low, high }) => low > 0 && high > low).map(({ size, low, high }) => {
    return `<path class="bar" d="M${round(x.at(size))} ${round(y.at(low))}V${round(y.at(high))}"/>`
  })
  const marks = shown.map(({ size, median }) => {
    const place = `translate(${round(x.at(size))} ${round(y.at(median))})`
    return `<path class="mark" transform="${place}" d="${MARKS[colour] ?? ''}"/>`
  })
  return [`<g class="s${colour}"><path class="line" d="${path}"/>${bars.join('')}${marks.join('')}</g>`]
}

/** In rows of at most three. */
function drawLegend (names: readonly string[]): string[] {
  const columns = Math.min(names.length, names.length > 4 ? 3 : 2)
  const step = (WIDTH - 40) / columns
  return names.map((name, index) => {
    const at = [26 + (index % columns) * step, 50 + Math.floor(index / columns) * 20] as const
    return `<g class="s${index % COLOURS.length}"><path class="mark" transform="translate(${round(at[0])} ${at[1]})" ` +
      `d="${MARKS[index % MARKS.length] ?? ''}"/><text x="${round(at[0] + 12)}" ` +
      `y="${at[1] + 4}">${escape(name)}</text></g>`
  })
}

export function formatPower (power: number): string {
  return power < 0 ? (10 ** power).toFixed(-power) : (10 ** power).toLocaleString('en')
}

export function round (value: number): number { return Math.round(value * 10) / 10 }

export function escape (text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
