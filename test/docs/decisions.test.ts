import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'

const folder = join(root, 'docs/decisions')
const records = readdirSync(folder).filter((name) => name !== 'README.md').sort()

test('every decision is dated and says its context, itself and its consequences', async (t) => {
  t.ok(records.length > 20)
  for (const name of records) {
    const text = readFileSync(join(folder, name), 'utf8')
    const [, day] = /^(\d{4}-\d\d-\d\d)-[a-z0-9-]+\.md$/.exec(name) ?? []
    t.match(text, new RegExp(`^# .+\\n\\nDate: ${day}\\n\\n## Context\\n\\n[^#]+## Decision\\n\\n[^#]+## Consequences\\n\\n[^#]+$`), name)
  }
})

test('the list of decisions names each by its day and title, in order', async (t) => {
  const rows = readFileSync(join(folder, 'README.md'), 'utf8').split('\n').filter((line) => line.includes('.md) |'))
  const expected = records.map((name) => {
    const [, title = ''] = /^# (.+)$/m.exec(readFileSync(join(folder, name), 'utf8')) ?? []
    return `| ${name.slice(0, 10)} | [${title}](${name}) |`
  })
  t.same([...rows].sort(), expected.sort())
})
