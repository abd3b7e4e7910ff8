import { test } from 'tap'
import { describeSecret, describeUrl, describeValue } from '../../src/internal/text.ts'
test('shows a value, or says what it is', async (t) => {
  const shown: [unknown, string][] = [
    [undefined, 'missing'], [null, 'null'], [true, 'true'], [NaN, 'NaN'], [2 ** 31, '2147483648'], [5n, '5n'],
    [Symbol('x'), 'a symbol'], ['', 'an empty string'], ['-----BEGIN PRIVATE KEY-----\nMII', 'PEM text'],
    ['a"b', '"a\\"b"'], ['x'.repeat(41), 'a text of 41 characters'], ['x'.repeat(40), `"${'x'.repeat(40)}"`],
    [[], 'an empty list'], [[1], 'a list'], [{}, 'an object'], [() => {}, 'a function'], [new Uint8Array(3), '3 bytes'],
    [new Date(0), 'a Date'], [new Date(NaN), 'an invalid Date'], [Promise.resolve(), 'a Promise (await it)'],
    [{ then () {} }, 'a Promise (await it)']
  ]
  for (const [value, text] of shown) t.equal(describeValue(value), text)
})

test('never shows a secret', async (t) => {
  t.equal(describeSecret('hunter2'), 'a string of 7 characters')
  t.equal(describeSecret(Buffer.from('hunter2')), '7 bytes')
  t.equal(describeSecret(4711), 'a number')
  t.equal(describeSecret(true), 'a boolean')
  t.equal(describeSecret(undefined), 'missing')
  t.equal(describeSecret({ password: 'hunter2' }), 'an object')
})

test('shows a URL without what may be secret', async (t) => {
  t.equal(describeUrl('https://proxy:3128/a?b=c'), '"https://proxy:3128/a?…"')
  t.equal(describeUrl('http://me:hunter2@proxy:3128'), '"http://…@proxy:3128"')
  t.equal(describeUrl('http://me:hun/t@er2@proxy'), '"http://…@proxy"')
  t.equal(describeUrl('me:hunter2@proxy:3128'), '"…@proxy:3128"')
  t.equal(describeUrl('http://me:hun\nter2@proxy'), '"http://…@proxy"')
  t.equal(describeUrl(''), 'an empty string')
  t.equal(describeUrl(5), '5')
})
