import { test } from 'tap'
import { clip, clipAll, iso, networkOf } from '../src/internal/index.ts'

test('a text is cut to its length, and never within a character', (t) => {
  t.equal(clip('abc', 3), 'abc')
  t.equal(clip('abcd', 3), 'ab…')
  t.equal(clip('a😀bc', 3), 'a…')
  t.equal(clip(undefined), undefined)
  t.equal(clip({}), undefined)
  t.equal(clip(7), '7')
  t.equal(clip(7n), '7')
  t.equal(clip('x'.repeat(400)).length, 300)
  t.end()
})

test('of many texts a few are kept', (t) => {
  t.same(clipAll(['a', 'b']), ['a', 'b'])
  t.same(clipAll(Array.from({ length: 12 }, () => 'a')).slice(9), ['a', '… 2 more'])
  t.end()
})

test('a time without a date is undefined', (t) => {
  t.equal(iso(0), '1970-01-01T00:00:00.000Z')
  t.equal(iso(9e15), undefined)
  t.equal(iso(Number.NaN), undefined)
  t.end()
})

test('strangers are counted by their network', (t) => {
  t.equal(networkOf(undefined), 'unknown')
  t.equal(networkOf('192.0.2.1'), '192.0.2.1')
  t.equal(networkOf('::ffff:192.0.2.1'), '::ffff:192.0.2.1')
  t.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2')
  t.end()
})
