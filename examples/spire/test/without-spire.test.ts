// The example without SPIRE. test/interop/spire-example.interop.ts runs it with a real one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'

test('where SPIRE is not installed, the example says how to get it', async (t) => {
  const empty = t.testdir({})
  const { status, stderr, stdout } = spawnSync(
    process.execPath, ['--conditions=@peerkit/source', join(import.meta.dirname, '../src/main.ts')],
    { env: { PATH: empty, XDG_CACHE_HOME: empty }, encoding: 'utf8' }
  )
  t.equal(status, 1)
  t.match(stderr, /^spire-server is not installed\. Download SPIRE .* or run \.ci\/steps\/spire/)
  t.match(stdout, /FAILED/)
})
