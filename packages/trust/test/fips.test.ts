import { spawnSync } from 'node:child_process'
import { test } from 'tap'

const hasProvider = spawnSync(process.execPath, ['--force-fips', '-e', '']).status === 0

test('under --force-fips certificates are accepted and refused as without, where this Node has a ' +
  'FIPS provider', async (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [
    ...hasProvider ? ['--force-fips'] : [], '--conditions=@peerkit/source',
    `${import.meta.dirname}/support/fips-check.ts`
  ], { encoding: 'utf8' })
  t.equal(status, 0, stderr)
  t.same(JSON.parse(stdout), { fips: hasProvider ? 1 : 0, honest: true, stranger: 'unknown_ca' })
})
