// The figures of docs/compare.md are those of docs/performance.md, and stay so when these are measured again.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'

const read = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8')
const performance = read('performance.md')
const cost = read('compare.md').split('## What it costs')[1]!.split('\n## ')[0]!

/** The cells of a row of docs/performance.md, below a heading. */
function cellsOf (heading: string, row: string): string[] {
  const [, section = ''] = performance.split(`### ${heading}\n`)
  const line = section.split('\n').find((one) => one.startsWith(`| ${row} |`))
  if (line === undefined) throw new Error(`docs/performance.md has no row "${row}" below "${heading}"`)
  return line.split('|').slice(2, -1).map((cell) => cell.replace('⚠', '').trim())
}

test('the requests per CPU second of docs/compare.md are those that were measured', async (t) => {
  const rows = [...cost.matchAll(/^\| (.+) \| ([\d,]+) \|$/gm)]
  t.equal(rows.length, 5)
  for (const [, name = '', figure] of rows) {
    t.equal(cellsOf('In front of plain Fastify, HTTP/1.1', name)[2], figure, name)
  }
  const figures = rows.map(([, , figure = '']) => Number(figure.replace(',', '')))
  t.same(figures, [...figures].sort((a, b) => b - a), 'in order')
})

test('the ratios to bare Fastify are those that were measured', async (t) => {
  const words = cost.replaceAll(/\s+/g, ' ')
  const [, , , kept = ''] = cellsOf('Keep-alive, HTTP/1.1', 'with fastify-mtls and fastify-allowed-clients')
  t.match(words, `(${kept} of its requests per CPU second`)
  const [, , , connections = ''] = cellsOf('New connections', 'full handshake, never seen, no intermediate, TLS 1.3')
  t.match(words, `the server makes ${connections.split(' ')[0]} times as many`)
})
