import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'

test('docs/performance.md and its plots say what the saved figures say', (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@peerkit/source', join(root, 'benchmarks/src/main.ts'), '--report', '--check'], { encoding: 'utf8' })
  t.equal(status, 0, 'run `npm run bench -- --report`')
  t.equal(`${stdout}${stderr}`, '')
  t.end()
})
