import { test } from 'tap'
import type { Test } from 'tap'
import { choice, count, duration, flag, required, text } from '../../src/internal/option-values.ts'
import { OptionError } from '../../src/internal/errors.ts'
import { checkOption, defineOptions, refuseUnknownKeys } from '../../src/internal/options.ts'
import type { OptionProblem, OptionSet } from '../../src/internal/options.ts'

interface CallOptions {
  readonly name: string
  readonly timeout?: number
  readonly retries?: number | undefined
  readonly verify?: boolean
}

class CallOptionError extends OptionError {
  override readonly code = 'ERR_CALL'

  constructor (detail: string) { super(`Invalid call option: ${detail}`) }
}

const types = { name: required(text()), timeout: duration(), retries: count({ most: 10 }), verify: flag }
const OPTIONS: OptionSet = defineOptions<CallOptions>('call', CallOptionError, types)

function refuses (t: Test, options: unknown, message: string, path?: string): void {
  t.throws(() => { OPTIONS.check(options, path) }, { code: 'ERR_CALL', message: `Invalid call option: ${message}` })
}

test('accepts options that are right', async (t) => {
  const accepted = [
    { name: 'a' }, { name: 'a', timeout: 1, retries: 0, verify: false }, { name: 'a', retries: undefined }
  ]
  for (const options of accepted) {
    t.doesNotThrow(() => { OPTIONS.check(options) })
  }
  t.strictSame(OPTIONS.keys, ['name', 'timeout', 'retries', 'verify'])
})

test('refuses unknown options first, and says which was meant', async (t) => {
  refuses(t, { timeuot: 0 }, 'unknown option "timeuot" for call; did you mean "timeout"?')
  refuses(t, { Timeout: 1 }, 'unknown option "Timeout" for call; did you mean "timeout"?')
  refuses(t, { colour: 1 }, 'unknown option "colour" for call; expected one of name, timeout, retries, verify')
  refuses(t, { time: 1 }, 'unknown option "time" for calls.ledger; did you mean "timeout"?', 'calls.ledger')
  refuses(t, JSON.parse('{ "__proto__": 1 }'), 'unknown option "__proto__" for call; expected one of name, timeout, retries, verify')
  refuses(t, { hasOwnProperty: 1 }, 'unknown option "hasOwnProperty" for call; expected one of name, timeout, retries, verify')
  refuses(t, { ['x'.repeat(1000)]: 1 }, 'unknown option a text of 1000 characters for call; expected one of name, timeout, retries, verify')
})

test('says what a value is and what it should be', async (t) => {
  refuses(t, {}, 'name is missing; expected a string')
  refuses(t, { name: 'a', timeout: '5s' }, 'timeout is "5s"; expected milliseconds above 0 and at most 2,147,483,647')
  refuses(t, { name: 'a', timeout: 2_592_000_000 }, 'timeout is 2592000000; expected milliseconds above 0 and at most 2,147,483,647')
  refuses(t, { name: 'a', retries: 11 }, 'calls.ledger.retries is 11; expected a whole number from 0 to 10', 'calls.ledger')
  refuses(t, { name: 'a', verify: null }, 'verify is null; expected true or false')
})

test('refuses options that are no object', async (t) => {
  refuses(t, null, 'options of call is null; expected an object')
  refuses(t, 'a', 'options of call is "a"; expected an object')
  refuses(t, [], 'calls is an empty list; expected an object', 'calls')
  refuses(t, () => {}, 'options of call is a function; expected an object')
})

test('refuses what a copy of the options would lose', async (t) => {
  const plain = defineOptions<CallOptions>('call', CallOptionError, types, { plain: true })
  t.doesNotThrow(() => { plain.check({ name: 'a' }) })
  t.doesNotThrow(() => { plain.check(Object.assign(Object.create(null), { name: 'a' })) })
  const lost = [
    Object.create({ timeout: 5 }), { get name () { return 'a' } }, Object.defineProperty({}, 'name', { value: 'a' }),
    new (class { name = 'a' })()
  ]
  for (const options of lost) {
    t.throws(() => { plain.check(options) }, {
      message: 'Invalid call option: options of call is an object with inherited, hidden or computed properties; expected a plain object such as { a: 1 }'
    })
  }
})

test('a package can make its own errors', async (t) => {
  const problems: OptionProblem[] = []
  const errors = (problem: OptionProblem): Error => {
    problems.push(problem)
    return new RangeError(problem.message)
  }
  t.throws(() => { checkOption('c', choice('a', 'b'), 'modes[0]', errors) }, RangeError)
  t.throws(() => { refuseUnknownKeys({ x: 1 }, ['list'], 'modes', errors, 'modes') }, RangeError)
  t.strictSame(problems, [{
    kind: 'value', path: 'modes[0]', found: '"c"', expected: '"a" or "b"', message: 'modes[0] is "c"; expected "a" or "b"'
  }, {
    kind: 'unknown', path: 'modes.x', found: '"x"', expected: 'one of list', message: 'unknown option "x" for modes; expected one of list'
  }])
})

test('an option of the interface that has no type is an error of the compiler', async (t) => {
  // @ts-expect-error: verify is missing
  const short = defineOptions<CallOptions>('call', CallOptionError, { name: text(), timeout: duration(), retries: count() })
  // @ts-expect-error: CallOptions has no colour
  const long = defineOptions<CallOptions>('call', CallOptionError, { ...types, colour: text() })
  t.strictSame([short.keys.length, long.keys.length], [3, 5])
})
