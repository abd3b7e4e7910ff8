import { test } from 'tap'
import { BoundedLabels } from '../src/metrics/labels.ts'

test('a label keeps its first values, clipped, and the others are one', (t) => {
  const long = 'x'.repeat(300)
  const labels = new BoundedLabels(3, ['known'])
  t.same(['known', 'a', long].map((value) => labels.of(value)), ['known', 'a', `${'x'.repeat(199)}…`])
  t.same(['b', undefined, 'a'].map((value) => labels.of(value)), ['other', 'unknown', 'a'])
  t.equal(labels.of(long), `${'x'.repeat(199)}…`, 'a long value is still known when there is no room')
  t.end()
})
