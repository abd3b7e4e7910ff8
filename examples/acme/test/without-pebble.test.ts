// The example without Pebble. test/interop/acme-example.interop.ts runs it with a real one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'

test('where Pebble is not installed, the example says how to get it', async (t) => {
  const empty = t.testdir({})
  const { status, stderr, stdout } = spawnSync(
    process.execPath, ['--conditions=@peerkit/source', join(import.meta.dirname, '../src/main.ts')],
    { env: { PATH: empty, XDG_CACHE_HOME: empty }, encoding: 'utf8' }
  )
  t.equal(status, 1)
  t.match(stderr, /^pebble-challtestsrv is not installed\. Run \.ci\/steps\/pebble.*go install/)
  t.match(stdout, /FAILED/)
})
