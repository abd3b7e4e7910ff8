import { test } from 'tap'
import type { Test } from 'tap'
import {
  LONGEST_SPAN, anything, choice, clock, count, duration, flag, func, list, methods, number, required, secret, span,
  text, url, valueOf
} from '../../src/internal/option-values.ts'
import { checkOption } from '../../src/internal/options.ts'
import type { OptionType } from '../../src/internal/options.ts'
import { credentialSource, source } from '../../src/internal/sources.ts'
import { LONGEST_TIMER } from '../../src/internal/timers.ts'
function accepts (t: Test, type: OptionType, values: readonly unknown[]): void {
  for (const value of values) t.doesNotThrow(() => { checkOption(value, type, 'it', TypeError) })
}

function refuses (t: Test, type: OptionType, values: ReadonlyArray<[unknown, string]>): void {
  for (const [value, message] of values) {
    t.throws(() => { checkOption(value, type, 'it', TypeError) }, { name: 'TypeError', message: `it is ${message}` })
  }
}

test('durations fit into a timer', async (t) => {
  t.equal(LONGEST_TIMER, 2 ** 31 - 1)
  accepts(t, duration(), [undefined, 0.5, 1, 2 ** 31 - 1])
  const expected = '; expected milliseconds above 0 and at most 2,147,483,647'
  refuses(t, duration(), [
    [0, `0${expected}`], [-1, `-1${expected}`], [2 ** 31, `2147483648${expected}`], [Infinity, `Infinity${expected}`],
    [NaN, `NaN${expected}`], ['5', `"5"${expected}`], [5n, `5n${expected}`], [null, `null${expected}`]
  ])
  accepts(t, duration({ least: 0 }), [0, 0.5])
  refuses(t, duration({ least: 0, most: 9000 }), [[9001, '9001; expected milliseconds from 0 to 9,000']])
  accepts(t, duration({ least: 1, whole: true }), [1])
  refuses(t, duration({ least: 1, whole: true }), [
    [1.5, '1.5; expected a whole number of milliseconds from 1 to 2,147,483,647']
  ])
})

test('times that are compared with a clock have a bound too', async (t) => {
  accepts(t, span(), [1, 2 ** 31, LONGEST_SPAN])
  accepts(t, span(0), [0])
  refuses(t, span(), [[0, '0; expected milliseconds above 0 and at most 3,155,760,000,000']])
  refuses(t, span(1000), [
    [999, '999; expected milliseconds from 1,000 to 3,155,760,000,000'],
    [LONGEST_SPAN + 1, '3155760000001; expected milliseconds from 1,000 to 3,155,760,000,000']
  ])
})

test('counts and numbers', async (t) => {
  accepts(t, count(), [0, 5, Number.MAX_SAFE_INTEGER])
  refuses(t, count({ least: 1 }), [
    [0, '0; expected a whole number of at least 1'], [1.5, '1.5; expected a whole number of at least 1'],
    [Infinity, 'Infinity; expected a whole number of at least 1']
  ])
  refuses(t, count({ least: 1, most: 100_000 }), [[100_001, '100001; expected a whole number from 1 to 100,000']])
  accepts(t, number(), [0, 0.5])
  refuses(t, number({ most: 1 }), [
    [-0.5, '-0.5; expected a number from 0 to 1'], ['1', '"1"; expected a number from 0 to 1']
  ])
})

test('words, booleans and texts', async (t) => {
  accepts(t, choice('hard', 'soft'), ['hard', undefined])
  refuses(t, choice('hard', 'soft'), [['', 'an empty string; expected "hard" or "soft"']])
  refuses(t, choice('a', 'b', 'c'), [['d', '"d"; expected "a", "b" or "c"']])
  refuses(t, choice(1), [[2, '2; expected 1']])
  refuses(t, flag, [['true', '"true"; expected true or false']])
  accepts(t, text('a path', true), ['', '/'])
  refuses(t, text('a path'), [['', 'an empty string; expected a path'], [5, '5; expected a path']])
})

test('functions and objects with methods', async (t) => {
  accepts(t, func(), [() => {}])
  refuses(t, func(), [[{}, 'an object; expected a function']])
  refuses(t, clock, [[5, '5; expected a function that returns milliseconds since the epoch']])
  const type = methods(['check', 'permits', 'subscribe'])
  accepts(t, type, [{ check () {}, permits () {}, subscribe () {} }])
  refuses(t, type, [
    [null, 'null; expected an object with check(), permits() and subscribe()'],
    [{ check () {} }, 'an object without permits(); expected an object with check(), permits() and subscribe()'],
    [Promise.resolve(), 'a Promise (await it); expected an object with check(), permits() and subscribe()'],
    [5, '5; expected an object with check(), permits() and subscribe()']
  ])
  refuses(t, methods(['handle'], 'a stapler'), [
    [{}, 'an object without handle(); expected a stapler, an object with handle()']
  ])
})

test('sources of credentials', async (t) => {
  const expected = '; expected a credential source such as fileCredentials() returns'
  accepts(t, credentialSource, [{ subscribe () {}, current: { cert: '' } }, undefined])
  refuses(t, credentialSource, [
    [null, `null${expected}`], ['ca.pem', `"ca.pem"${expected}`],
    [Promise.resolve(), `a Promise (await it)${expected}`],
    [{}, `an object without subscribe()${expected}`],
    [{ subscribe () {} }, `a source without a current snapshot${expected}`],
    [{ subscribe () {}, current: {} }, `a source without current.cert${expected}`]
  ])
  refuses(t, required(source('a trust', 'authorities')), [[undefined, 'missing; expected a trust']])
})

test('lists', async (t) => {
  const isLower = (item: unknown): boolean => typeof item === 'string' && item === item.toLowerCase()
  const names = list('names in lower case', valueOf('a name in lower case', isLower))
  accepts(t, names, [[], ['a']])
  refuses(t, names, [
    ['a', '"a"; expected a list of names in lower case']
  ])
  t.throws(
    () => { checkOption(['a', 'B'], names, 'it', TypeError) },
    { message: 'it[1] is "B"; expected a name in lower case' }
  )
  t.throws(
    // eslint-disable-next-line no-sparse-arrays
    () => { checkOption(['a', , 'b'], names, 'it', TypeError) },
    { message: 'it[1] is undefined; expected a name in lower case' }
  )
  refuses(t, list('at least one name', text(), 1), [[[], 'an empty list; expected a list of at least one name']])
})

test('secrets and URLs are not shown', async (t) => {
  accepts(t, secret(), ['', new Uint8Array(1)])
  refuses(t, secret(), [[5, 'a number; expected a string or Buffer']])
  refuses(t, secret('32 bytes', (value) => value instanceof Uint8Array), [
    ['hunter2', 'a string of 7 characters; expected 32 bytes']
  ])
  const type = url('an https URL', ({ protocol }) => protocol === 'https:')
  accepts(t, type, ['https://a/'])
  refuses(t, type, [
    ['http://me:hunter2@a/', '"http://…@a/"; expected an https URL'],
    ['nonsense', '"nonsense"; expected an https URL'],
    [new URL('https://a/'), 'an object; expected an https URL']
  ])
})

test('values of other kinds', async (t) => {
  accepts(t, anything, [null, 5, {}])
  refuses(t, required(anything), [[undefined, 'missing; expected any value']])
  refuses(t, valueOf('an even number', (value) => Number(value) % 2 === 0), [[3, '3; expected an even number']])
})
