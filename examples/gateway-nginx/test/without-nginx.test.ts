// The example without nginx. test/interop/gateway-nginx-example.interop.ts runs it with a real one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'

test('where nginx is not installed, the example says how to get it', async (t) => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath, ['--conditions=@peerkit/source', join(import.meta.dirname, '../src/main.ts')],
    { env: { PATH: t.testdir({}) }, encoding: 'utf8' }
  )
  t.equal(status, 1)
  t.match(stderr, /^nginx is not installed: apt install nginx-light/)
  t.match(stdout, /FAILED/)
})
