import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'

test('the example plays every step, and ends by itself', { timeout: 120_000 }, async (t) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath, ['--conditions=@peerkit/source', join(import.meta.dirname, '../src/main.ts')],
    { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } }
  )
  t.equal(status, 0, stdout + stderr)
  t.match(stdout, /Every step did what it should/)
  t.equal(stdout.match(/^ {3}ok /gm)?.length, 10)
  t.equal(stdout.match(/resumed, Olga/g)?.length, 4, 'at both workers, and at both that replace them')
  t.notMatch(stdout + stderr, /FAIL|PRIVATE KEY/)
})
