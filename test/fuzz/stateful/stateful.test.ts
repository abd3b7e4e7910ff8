import { test } from 'tap'
import { rounds, seedOf } from '../draws.ts'
import { searchInProcess } from '../sequences/batches.ts'
import type { SearchOptions } from '../sequences/search.ts'

/** What a run of the usual length does at least once. Otherwise it looks at less than it seems to. */
const SEEN = [
  'full handshakes', 'full handshakes instead of resumption', 'resumed', 'sessions reset', 'served', 'refused',
  'requests on open connections', 'upgrades served', 'upgrades refused', 'upgraded connections that are open',
  'upgraded connections that are closed', 'RotateOwn', 'Revoke', 'Toggle', 'CrossSign', 'Block', 'Unblock', 'MoveClock',
  'Restart', 'forwarded clients served', 'forwarded clients refused', 'upgrades of forwarded clients served',
  'calls answered', 'RevokeByOcsp', 'ToggleResponder', 'changes while a client waited'
]

test('two servers serve whom the model serves, and nobody else', async (t) => {
  const seed = seedOf(20)
  t.comment(`seed ${seed}`)
  const { finding, seen } = await searchInProcess('stateful', { seed, runs: rounds(60) })
  t.equal(finding, undefined, finding ?? 'nobody else')
  t.strictSame(SEEN.filter((what) => !seen.has(what)), [])
})

for (const lost of ['trust', 'block'] as const) {
  test(`a server that does not hear of a change of "${lost}" is found, and the finding is repeated`, async (t) => {
    const options: SearchOptions = { seed: 1, runs: 200, lost }
    const { finding = '' } = await searchInProcess('stateful', options)
    t.match(finding, /must be (refused|served), and |was described as of /)
    const [, seed, path = '', replayPath = ''] = /--seed (\d+) --path (\S+) --replay-path (\S+)$/.exec(finding) ?? []
    const again = await searchInProcess('stateful', { ...options, seed: Number(seed), path, replayPath })
    t.equal(scriptOf(again.finding), scriptOf(finding))
    t.not(scriptOf(finding), undefined)
  })
}

/** The steps of a finding, which the stack of its error does not concern. */
function scriptOf (finding: string | undefined): string | undefined {
  return finding?.match(/^ {2}\d+\. .*$/gm)?.join('\n')
}
