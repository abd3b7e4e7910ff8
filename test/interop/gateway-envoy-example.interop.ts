// examples/gateway-envoy with a real Envoy.
import { spawnSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'tap'
import { requireTool } from './require-tool.ts'

const folder = dirname(requireTool('envoy'))

test('the example plays every step', { timeout: 120_000 }, async (t) => {
  const main = join(import.meta.dirname, '../../examples/gateway-envoy/src/main.ts')
  const env = { ...process.env, NODE_OPTIONS: '', PATH: `${process.env['PATH'] ?? ''}${delimiter}${folder}` }
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@peerkit/source', main], { encoding: 'utf8', env })
  t.equal(status, 0, stdout + stderr)
  t.match(stdout, /Every step did what it should/)
  t.equal(stdout.match(/^ {3}ok /gm)?.length, 12)
  t.notMatch(stdout + stderr, /FAIL|PRIVATE KEY/)
})
