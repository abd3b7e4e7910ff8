// Prints the score of the last run of `npm run mutate`, by folder, as a table of docs/testing.md, and what was not noticed.
//
//   node test/mutation/score.ts trust              the table
//   node test/mutation/score.ts trust src/path     the faults in these files that no test noticed
//   node test/mutation/score.ts rules --sample     of the last run with --sample
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'

interface Position { readonly line: number, readonly column: number }
interface Fault {
  readonly status: string
  readonly mutatorName: string
  readonly replacement?: string
  readonly location: { readonly start: Position, readonly end: Position }
}
interface Report { readonly files: Record<string, { readonly source: string, readonly mutants: readonly Fault[] }> }

const NOTICED = ['Killed', 'Timeout']
const UNNOTICED = ['Survived', 'NoCoverage']
const TRIED = [...NOTICED, 'Survived']

const { values: { sample }, positionals: [name = '', folder] } = parseArgs({
  options: { sample: { type: 'boolean', default: false } }, allowPositionals: true
})
const file = sample ? '.mutation-sample.json' : '.mutation.json'
const path = resolve(import.meta.dirname, '../..', 'packages', name, file)
const { files }: Report = JSON.parse(readFileSync(path, 'utf8'))

interface Sums {
  /** All but those that are left out on purpose. */
  valid: number
  /** Those that a test reaches, and of them those that were tried: all, or those that were drawn. */
  reached: number
  tried: number
  noticed: number
}

/** Wilson's interval, which holds for shares near 1 too. */
function interval (hits: number, count: number): readonly [number, number] {
  const z = 1.96
  const middle = (hits + z * z / 2) / (count + z * z)
  const half = z / (count + z * z) * Math.sqrt(hits * (count - hits) / count + z * z / 4)
  return [middle - half, middle + half]
}

/** What no test reaches is not noticed. That is known of every fault, also of those that were not drawn. */
function printRow (row: string, { valid, reached, tried, noticed }: Sums): void {
  const percent = (share: number): string => (100 * share * reached / valid).toFixed(1)
  const range = tried === reached ? 'all tried' : interval(noticed, tried).map(percent).join('–')
  console.log(`| \`${row}\` | ${valid} | ${valid - reached} | ${tried} | ${noticed} | ${percent(noticed / tried)} | ${range} |`)
}

function printTable (): void {
  const rows = new Map<string, Sums>()
  for (const [file, { mutants }] of Object.entries(files)) {
    const key = dirname(file).split('/').slice(0, 2).join('/')
    for (const row of [key, 'all']) {
      const sums = rows.get(row) ?? { valid: 0, reached: 0, tried: 0, noticed: 0 }
      rows.set(row, sums)
      for (const { status } of mutants) {
        if (status === 'Ignored') continue
        sums.valid++
        if (status !== 'NoCoverage') sums.reached++
        if (TRIED.includes(status)) sums.tried++
        if (NOTICED.includes(status)) sums.noticed++
      }
    }
  }
  console.log('| folder | faults | reached by no test | tried | noticed | score, % | 95 % interval |\n| --- | --- | --- | --- | --- | --- | --- |')
  for (const [row, sums] of [...rows].sort()) if (sums.tried > 0) printRow(row, sums)
}

function printUnnoticed (): void {
  for (const [file, { source, mutants }] of Object.entries(files)) {
    if (!file.startsWith(folder!)) continue
    const lines = source.split('\n')
    for (const { status, mutatorName, replacement = '', location: { start, end } } of mutants) {
      if (!UNNOTICED.includes(status)) continue
      const found = lines.slice(start.line - 1, end.line).join('\n')
      const from = found.slice(start.column - 1, found.length - lines[end.line - 1]!.length + end.column - 1)
      console.log(`${file}:${start.line}:${start.column} ${status} ${mutatorName}\n  in   ${lines[start.line - 1]!.trim()}\n  from ${from}\n  to   ${replacement}`)
    }
  }
}

if (folder === undefined) printTable()
else printUnnoticed()
