import { test } from 'tap'
import { FairEviction } from '../../src/collect/event-log.ts'

test('takes the oldest of whoever holds most, down to nothing', (t) => {
  const shares = new FairEviction<{ source: string, id: number }>()
  for (const [id, source] of ['a', 'b', 'b', 'c', 'b', 'c'].entries()) shares.add({ source, id })
  const taken = Array.from({ length: 7 }, () => shares.takeOfMost())
    .map((entry) => entry === undefined ? 'none' : `${entry.source}${entry.id}`)
  t.strictSame(taken, ['b1', 'c3', 'b2', 'a0', 'c5', 'b4', 'none'])
  shares.add({ source: 'a', id: 9 })
  t.match(shares.takeOfMost(), { id: 9 })
  t.end()
})
