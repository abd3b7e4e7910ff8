import { test } from 'tap'
import { rounds, seedOf } from '../draws.ts'
import { searchInBatches } from '../sequences/batches.ts'

/** What a run of the usual length does at least once. Otherwise it looks at less than it seems to. */
const SEEN = [
  'own: taken', 'own: refused', 'block: taken', 'block: refused', 'rules: taken', 'rules: refused', 'served', 'refused',
  'forbidden', 'certificates of the server compared', 'Remove', 'Restore'
]

test('a server that follows its files takes the good ones, and no part of a bad one', async (t) => {
  const seed = seedOf(5)
  t.comment(`seed ${seed}`)
  const { finding, seen } = await searchInBatches('watched', { seed, runs: rounds(6) })
  t.equal(finding, undefined, finding ?? 'no part of a bad one')
  t.strictSame(SEEN.filter((what) => !seen.has(what)), [])
})
