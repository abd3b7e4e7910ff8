// examples/openbao with a real OpenBao.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'
import { requireTool } from './require-tool.ts'

requireTool('bao')

test('the example plays every step', { timeout: 120_000 }, async (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@peerkit/source', join(import.meta.dirname, '../../examples/openbao/src/main.ts')], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } })
  t.equal(status, 0, stdout + stderr)
  t.match(stdout, /Every step did what it should/)
  t.equal(stdout.match(/^ {3}ok /gm)?.length, 7)
  t.notMatch(stdout + stderr, /FAIL|PRIVATE KEY|secret_id/)
})
