// Prints the score of the last run of `npm run mutate`, by folder, as a table of docs/testing.md, and what was not noticed.
//
//   node test/mutation/score.ts trust              the table
//   node test/mutation/score.ts trust src/path     the faults in these files that no test noticed
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

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

const [name = '', folder] = process.argv.slice(2)
const path = resolve(import.meta.dirname, '../..', 'packages', name, '.mutation.json')
const { files }: Report = JSON.parse(readFileSync(path, 'utf8'))

/** Wilson's interval, which holds for shares near 1 too. */
function interval (hits: number, count: number): string {
  const z = 1.96
  const middle = (hits + z * z / 2) / (count + z * z)
  const half = z / (count + z * z) * Math.sqrt(hits * (count - hits) / count + z * z / 4)
  return `${(100 * (middle - half)).toFixed(1)}–${(100 * (middle + half)).toFixed(1)} %`
}

function printTable (): void {
  const rows = new Map<string, { tried: number, noticed: number, all: number }>()
  for (const [file, { mutants }] of Object.entries(files)) {
    const key = dirname(file).split('/').slice(0, 2).join('/')
    for (const row of [key, 'all']) {
      const sum = rows.get(row) ?? { tried: 0, noticed: 0, all: 0 }
      rows.set(row, sum)
      for (const { status } of mutants) {
        sum.all++
        if (NOTICED.includes(status)) sum.noticed++
        if (NOTICED.includes(status) || UNNOTICED.includes(status)) sum.tried++
      }
    }
  }
  console.log('| folder | mutants | tried | noticed | score | 95 % interval |\n| --- | --- | --- | --- | --- | --- |')
  for (const [row, { all, tried, noticed }] of [...rows].sort()) {
    if (tried === 0) continue
    console.log(`| \`${row}\` | ${all} | ${tried} | ${noticed} | ${(100 * noticed / tried).toFixed(1)} % | ${all === tried ? 'all tried' : interval(noticed, tried)} |`)
  }
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
