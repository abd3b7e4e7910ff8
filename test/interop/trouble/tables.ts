import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A row of a table, by the heads of its columns. */
export type Row = Readonly<Record<string, string>>

const text = readFileSync(join(import.meta.dirname, '../../../docs/trouble.md'), 'utf8')

/** The rows of the tables of docs/trouble.md that begin with a column, in order. */
export function tablesOf (section: string): Row[][] {
  const body = text.split(/^## /m).find((part) => part.startsWith(`${section}\n`))
  if (body === undefined) throw new Error(`docs/trouble.md has no section "${section}"`)
  return body.split(/\n\n+/).filter((block) => block.startsWith('|')).map((block) => {
    const [heads = [], , ...rows] = block.trim().split('\n').map(cellsOf)
    return rows.map((cells) => Object.fromEntries(heads.map((head, index) => [head, cells[index] ?? ''])))
  })
}

function cellsOf (line: string): string[] {
  return line.split('|').slice(1, -1).map((cell) => cell.trim())
}

/** What is between backticks: what a client shows, word for word. */
export function codesOf (cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}
