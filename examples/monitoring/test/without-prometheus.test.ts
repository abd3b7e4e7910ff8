// The example without Prometheus. test/interop/monitoring-prometheus.interop.ts runs it with a real one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'

test('where Prometheus is not installed, the example says how to get it', async (t) => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath, ['--conditions=@peerkit/source', join(import.meta.dirname, '../src/main.ts')],
    { env: { PATH: t.testdir({}) }, encoding: 'utf8' }
  )
  t.equal(status, 1)
  t.match(stderr, /prometheus is not installed\. On Debian: apt-get install prometheus/)
  t.match(stdout, /FAILED/)
})
