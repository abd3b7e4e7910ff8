import type { Comparison, Figure, Machine, Metric, Section, Series, Timeline } from '../benchmark.ts'

const MARK = '⚠'

/** A result's section as Markdown. */
export function formatSection (section: Section): string {
  if (section.kind === 'comparison') return formatComparison(section)
  if (section.kind === 'series') return formatSeries(section)
  if (section.kind === 'timeline') return formatTimeline(section)
  const { text } = section
  const isMarkdown = text.startsWith('### ') || text.includes('\n### ') || text.includes('| --- |')
  return `${isMarkdown ? text : ['```text', text, '```'].join('\n')}\n`
}

export function formatMachine ({ node, openssl, cores, model, memory, system, programs }: Machine): string {
  const others = Object.entries(programs).map(([name, version]) => `${name} ${version}`)
  const more = others.length > 0 ? `; ${others.join(', ')}` : ''
  return `Node ${node} with OpenSSL ${openssl}; ${cores} × ${model}, ${memory}, ${system}${more}`
}

function formatComparison ({ title, metrics, rows, notes = [] }: Comparison): string {
  const shown = metrics.filter(({ key }) => rows.some(({ figures }) => figures[key] !== undefined))
  const columns = shown.flatMap(({ title: unit, ratio = false }) => ratio ? [unit, 'of the first'] : [unit])
  const lines = rows.map(({ name, figures }) => {
    return [name, ...shown.flatMap((metric) => formatCells(metric, figures[metric.key]))]
  })
  const table = formatTable([['', ...columns], ...lines])
  return [`### ${title}`, '', ...table, ...notes.flatMap((note) => ['', note]), ''].join('\n')
}

function formatCells ({ digits = 0, ratio = false, quartiles = false }: Metric, figure: Figure | undefined): string[] {
  const value = figure === undefined ? '–' : formatNumber(figure.median, digits)
  if (quartiles && figure !== undefined) {
    return [`${value} (${formatNumber(figure.low, digits)} to ${formatNumber(figure.high, digits)})`]
  }
  const mark = figure?.wide === true ? ` ${MARK}` : ''
  if (!ratio) return [`${value}${mark}`]
  return [
    value,
    figure?.ratio === undefined ? '–' : `${figure.ratio.toFixed(3)} ±${(figure.spread * 100).toFixed(1)} %${mark}`
  ]
}

function formatSeries ({ title, size, unit, digits = 0, lines, notes = [] }: Series): string {
  const sizes = [...new Set(lines.flatMap(({ points }) => points.map((point) => point.size)))].sort((a, b) => a - b)
  const rows = lines.map(({ name, points }) => [name, ...sizes.map((wanted) => {
    const point = points.find((candidate) => candidate.size === wanted)
    return point === undefined ? '–' : `${formatNumber(point.median, digits)}${point.wide ? ` ${MARK}` : ''}`
  })])
  const head = [`${unit}, by ${size}`, ...sizes.map((wanted) => wanted.toLocaleString('en'))]
  return [`### ${title}`, '', ...formatTable([head, ...rows]), ...notes.flatMap((note) => ['', note]), ''].join('\n')
}

/** The plot says the rest. */
function formatTimeline ({ title, unit, lanes, notes = [] }: Timeline): string {
  const rows = lanes.map(({ name, points, span: [from, to] }) => {
    const within = points.filter(([at]) => at >= from && at <= to).map(([, value]) => value)
    return [name, formatNumber(to - from), formatNumber(Math.max(...within), 1)]
  })
  const table = formatTable([['', 'ms until the new rules are in force', `${unit}: the highest`], ...rows])
  return [`### ${title}`, '', ...table, ...notes.flatMap((note) => ['', note]), ''].join('\n')
}

function formatTable ([head = [], ...rows]: readonly string[][]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, column) => column === 0 ? '---' : '---:')), ...rows.map(line)]
}

/** At least `digits` digits after the point. Small numbers keep two significant digits. */
export function formatNumber (value: number, digits = 0): string {
  if (!Number.isFinite(value)) return '–'
  const needed = value !== 0 && Math.abs(value) < 1
    ? Math.max(digits, 1 - Math.floor(Math.log10(Math.abs(value))))
    : digits
  return value.toLocaleString(
    'en', { minimumFractionDigits: Math.min(needed, 6), maximumFractionDigits: Math.min(needed, 6) }
  )
}
