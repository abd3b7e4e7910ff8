import { test } from 'tap'
import { rounds, seedOf } from '../draws.ts'
import { searchInBatches } from '../sequences/batches.ts'

/** What a run of the usual length does at least once. Otherwise it looks at less than it seems to. */
const SEEN = [
  'full handshakes', 'full handshakes instead of resumption', 'resumed', 'sessions reset', 'served', 'refused',
  'requests on open connections', 'upgrades served', 'upgrades refused', 'upgraded connections that are open',
  'upgraded connections that are closed', 'RotateOwn', 'Revoke', 'Toggle', 'CrossSign', 'Block', 'Unblock', 'MoveClock',
  'Restart', 'forwarded clients served', 'forwarded clients refused', 'upgrades of forwarded clients served',
  'calls answered', 'RevokeByOcsp', 'ToggleResponder', 'Outage', 'MoveClockOfCaller',
  'changes while a client waited, gateway', 'changes while a client waited, known client',
  'changes while a client waited, new connection'
]

test('two servers serve whom the model serves, and nobody else', async (t) => {
  const seed = seedOf(20)
  t.comment(`seed ${seed}`)
  const { finding, seen } = await searchInBatches('stateful', { seed, runs: rounds(60) })
  t.equal(finding, undefined, finding ?? 'nobody else')
  t.strictSame(SEEN.filter((what) => !seen.has(what)), [])
})
