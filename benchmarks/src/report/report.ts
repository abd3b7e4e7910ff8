// Writes the saved figures into docs/performance.md: tables between the marks, and plots in a folder of their own. The
// text around the marks stays as it is.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Result, Section } from '../benchmark.ts'
import { readResult, resultsFolder } from '../results.ts'
import type { Place } from '../results.ts'
import { formatGoals } from './goals.ts'
import { plotSeries } from './plot.ts'
import { plotTimeline } from './plot-timeline.ts'
import { formatMachine, formatSection } from './tables.ts'

const DOCUMENT = join(import.meta.dirname, '../../../docs/performance.md')
const PLACE = /<!-- bench:([\w-]+) -->\n[^]*?<!-- \/bench -->/g

/** The content of each file, by path: docs/performance.md for the saved figures, a copy in their folder for others. */
export function composeReport (place: Place): Map<string, string> {
  const document = place === 'saved' ? DOCUMENT : join(resultsFolder(place), 'performance.md')
  const files = new Map<string, string>()
  const text = readFileSync(DOCUMENT, 'utf8').replace(PLACE, (_, name: string) => {
    if (name === 'goals') {
      return `<!-- bench:goals -->\n${formatGoals((from) => readResult(from, place))}<!-- /bench -->`
    }
    const result = readResult(name, place)
    const body = result === undefined
      ? '*Not measured.*\n'
      : formatResult(result, (file, svg) => files.set(join(dirname(document), 'performance', file), svg))
    return `<!-- bench:${name} -->\n${body}<!-- /bench -->`
  })
  files.set(document, text)
  return files
}

/** The paths of files that do not agree with the figures. */
export function findStale (place: Place): string[] {
  return [...composeReport(place)]
    .filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
    .map(([path]) => path)
}

/** @returns the paths of the files that were changed */
export function writeReport (place: Place): string[] {
  const stale = findStale(place)
  const files = composeReport(place)
  for (const path of stale) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, files.get(path) ?? '')
  }
  return stale
}

function formatResult (result: Result, addPlot: (file: string, svg: string) => void): string {
  const { name, started, seconds, setting: { rounds, seconds: each }, machine, sections } = result
  const parts = sections.map((section) => `${formatPlot(name, section, addPlot)}${formatSection(section)}`)
  const load = machine.loadBefore[0]?.toFixed(2) ?? '?'
  const about =
    `<sub>${started.slice(0, 16).replace('T', ' ')} UTC, ${Math.round(seconds)} s; ${rounds} rounds of ${each} s; ` +
      `load average before ${load}. ${formatMachine(machine)}.</sub>`
  return `${parts.join('\n')}\n${about}\n`
}

function formatPlot (name: string, section: Section, addPlot: (file: string, svg: string) => void): string {
  if (section.kind !== 'series' && section.kind !== 'timeline') return ''
  const file = `${name}-${section.id}.svg`
  addPlot(file, section.kind === 'series' ? plotSeries(section) : plotTimeline(section))
  const by = section.kind === 'series' ? section.size : 'ms'
  return `![${section.title}: ${section.unit} by ${by}](performance/${file})\n\n`
}
