import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'tap'
import { resultsFolder } from '../../benchmarks/src/results.ts'
import { root } from '../architecture/source-graph.ts'

test('docs/performance.md and its plots say what the saved figures say', (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@peerkit/source', join(root, 'benchmarks/src/main.ts'), '--report', '--check'], { encoding: 'utf8' })
  t.equal(status, 0, 'run `npm run bench -- --report`')
  t.equal(`${stdout}${stderr}`, '')
  t.end()
})

test('a run of benchmarks without --save writes into folders that git ignores', (t) => {
  const folder = join(root, 'benchmarks')
  const ignored = readFileSync(join(folder, '.gitignore'), 'utf8').split('\n')
  for (const place of ['local', 'quick'] as const) t.ok(ignored.includes(`${relative(folder, resultsFolder(place))}/`), place)
  t.end()
})
