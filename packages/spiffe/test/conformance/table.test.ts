// The document says what is tested here, no more and no less.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'

const NUMBER = /\b(?:EP|WA|XS|XV|XF|ID|HX)-\d+\b/g

test('each number of docs/spiffe-conformance.md has a test, and each test its number', (t) => {
  const table = readFileSync(join(import.meta.dirname, '../../../../docs/spiffe-conformance.md'), 'utf8')
    .split('\n').flatMap((line) => /^\| ([A-Z]{2}-\d+) \| .+ \| (?:MUST|SHOULD|OPT) \| pass/.exec(line)?.[1] ?? [])
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'))
  const tested = files.flatMap((name) => {
    const code = readFileSync(join(import.meta.dirname, name), 'utf8').replace(/^\s*(?:\/\/|\/?\*).*$/gm, '')
    return code.match(NUMBER) ?? []
  })
  t.equal(table.length, new Set(table).size, 'each once')
  t.equal(table.length, 46)
  t.same([...new Set(tested)].sort(), table.sort())
  t.end()
})
