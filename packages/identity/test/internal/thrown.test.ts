import { messageOf, stackOf } from '@peerkit/identity/internal'
import { test } from 'tap'

/** An error with a getter that throws. */
function hostile (property: 'message' | 'stack'): Error {
  return Object.defineProperty(new Error('no'), property, { get: () => { throw new TypeError('hidden') } })
}

test('anything that is thrown has a message', async (t) => {
  for (const [thrown, expected] of [
    [new TypeError('no'), 'no'],
    [Object.assign(new Error('no'), { message: 7 }), '7'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [Symbol('why'), 'Symbol(why)'],
    [Object.create(null), 'an error that cannot be read'],
    [hostile('message'), 'an error that cannot be read'],
    [hostile('stack'), 'no']
  ] as const) t.equal(messageOf(thrown), expected)
})

test('a fault has a stack, or at least a message', async (t) => {
  const error = new TypeError('no')
  t.equal(stackOf(error), error.stack)
  for (const [thrown, expected] of [
    [Object.assign(new Error('no'), { stack: undefined }), 'no'],
    ['a text', 'a text'],
    [hostile('stack'), 'no']
  ] as const) t.equal(stackOf(thrown), expected)
  // Node writes the first line of a stack when the error is made, and some hosts only when it is read.
  t.match(stackOf(hostile('message')), /^Error: no\n|^an error that cannot be read$/)
})
