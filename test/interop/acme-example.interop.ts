// examples/acme with a real Pebble.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'
import { requireTool } from './require-tool.ts'

requireTool('pebble')
requireTool('pebble-challtestsrv')

test('the example plays every step', { timeout: 120_000 }, async (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@peerkit/source', join(import.meta.dirname, '../../examples/acme/src/main.ts')], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } })
  t.equal(status, 0, stdout + stderr)
  t.match(stdout, /Every step did what it should/)
  t.equal(stdout.match(/^ {3}ok /gm)?.length, 8)
  t.notMatch(stdout + stderr, /FAIL|PRIVATE KEY|Warning/)
})
