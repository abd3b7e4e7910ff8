import { test } from 'tap'
import { rounds, seedOf } from '../draws.ts'
import { searchInBatches } from '../sequences/batches.ts'

/** What a run of the usual length does at least once. Otherwise it looks at less than it seems to. */
const SEEN = [
  'credentials: taken', 'credentials: refused', 'credentials: taken in part', 'block: taken', 'block: refused',
  'rules: taken', 'rules: refused', 'served', 'refused', 'forbidden', 'certificates of the server compared', 'Write',
  'WriteDamaged', 'Remove', 'Restore', 'AskAll'
]

test('a server goes on with the last good files, and takes no part of a bad one', async (t) => {
  const seed = seedOf(20)
  t.comment(`seed ${seed}`)
  const { finding, seen } = await searchInBatches('disk', { seed, runs: rounds(25) })
  t.equal(finding, undefined, finding ?? 'takes no part of a bad one')
  t.strictSame(SEEN.filter((what) => !seen.has(what)), [])
})
