import { test } from 'tap'
import { LineLimit } from '../src/audit/line-limit.ts'

test('a thousand sources have a limit of their own, and those of all are limited together', async (t) => {
  const limit = new LineLimit({ burst: 1_500, perSecond: 1, sourceBurst: 1, sourcePerSecond: 1 })
  const write = (source: string): boolean => limit.allows('denied', source, 0)
  t.strictSame([write('first'), write('first')], [true, false])
  for (let index = 0; index < 999; index += 1) t.equal(write(`source ${index}`), true)
  t.equal(write('first'), false, 'still known')
  for (let index = 0; index < 1_000; index += 1) write(`other ${index}`)
  t.equal(limit.takeDropped()['denied'], 2 + 500, 'more sources do not bring more lines than the limit of all')
})

test('a source that a thousand others displaced begins anew', async (t) => {
  const limit = new LineLimit({ burst: 10_000, perSecond: 1, sourceBurst: 1, sourcePerSecond: 1 })
  const write = (source: string): boolean => limit.allows('denied', source, 0)
  t.strictSame([write('first'), write('first')], [true, false])
  for (let index = 0; index < 1_000; index += 1) write(`source ${index}`)
  t.equal(write('first'), true)
})
