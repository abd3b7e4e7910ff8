// The command `npm run bench`. `npm run bench -- --help` lists its options.
import { parseArgs } from 'node:util'
import type { Setting } from './benchmark.ts'
import { benchmarks } from './registry.ts'
import { formatMachine, formatSection } from './report/tables.ts'
import { findStale, writeReport } from './report/report.ts'
import { saveResult } from './results.ts'
import type { Place } from './results.ts'
import { runBenchmark } from './run-benchmark.ts'

const USAGE = `npm run bench                    all; a copy of docs/performance.md in benchmarks/results/local
npm run bench -- NAME …          only these; no copy of the document
npm run bench -- --save [NAME …] as above, into benchmarks/results and docs/performance.md, which are tracked
npm run bench -- --list          lists the benchmarks
npm run bench -- --quick [NAME]  a smoke test with meaningless figures, in benchmarks/results/quick
npm run bench -- --report        writes docs/performance.md from the saved figures (with --check: only compares)
--rounds N, --seconds N          interleaved rounds, seconds of one measurement`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean' },
    quick: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    report: { type: 'boolean' },
    check: { type: 'boolean' },
    help: { type: 'boolean' },
    rounds: { type: 'string' },
    seconds: { type: 'string' }
  }
})
const { quick, save } = values

if (values.help === true) console.log(USAGE)
else if (values.list === true) {
  for (const [name, about] of Object.entries(benchmarks)) {
    console.log(`${name.padEnd(18)} ${about}`)
  }
} else if (quick && save) throw new Error('--quick cannot be saved: the figures of a smoke test mean nothing')
else if (values.report === true) report(quick ? 'quick' : 'saved')
else await runAll(positionals)

async function runAll (asked: readonly string[]): Promise<void> {
  const place = quick ? 'quick' : save ? 'saved' : 'local'
  const unknown = asked.filter((name) => !Object.hasOwn(benchmarks, name))
  if (unknown.length > 0) {
    throw new Error(`unknown benchmark ${unknown.join(', ')}; expected one of ${Object.keys(benchmarks).join(', ')}`)
  }
  const setting: Setting = {
    quick, rounds: count(values.rounds, quick ? 2 : 7), seconds: count(values.seconds, quick ? 0.3 : 2)
  }
  for (const name of asked.length > 0 ? asked : Object.keys(benchmarks)) {
    try {
      const result = await runBenchmark(name, setting)
      const { machine: { loadBefore, loadAfter } } = result
      const title = `${name}${quick ? ' (smoke test: the figures mean nothing)' : ''}`
      console.log(`## ${title}\n\n${result.sections.map(formatSection).join('\n')}`)
      const load = `load ${loadBefore[0]?.toFixed(2)} before, ${loadAfter[0]?.toFixed(2)} after`
      console.log(
        `${formatMachine(result.machine)}; ${load}; ${Math.round(result.seconds)} s; ${saveResult(result, place)}\n`
      )
    } catch (error) {
      // Run the others all the same. The exit code reports the failure.
      console.error(error)
      process.exitCode = 1
    }
  }
  if (asked.length === 0 || save) report(place)
}

function report (place: Place): void {
  const stale = values.check === true ? findStale(place) : writeReport(place)
  for (const path of stale) console.log(`${values.check === true ? 'out of date:' : 'wrote'} ${path}`)
  if (values.check === true && stale.length > 0) process.exitCode = 1
}

function count (given: string | undefined, usual: number): number {
  const number = Number(given ?? usual)
  if (!(number > 0)) throw new Error(`the count is "${String(given)}"; expected a number above 0`)
  return number
}
