import { test } from 'tap'
import { TAG, decodeTime } from '@peerkit/identity/der'
import { derReason } from './fixtures/reason.ts'

const utc = (text: string): number => decodeTime(Buffer.from(text), TAG.utcTime, 0, text.length)
const generalized = (text: string): number => decodeTime(Buffer.from(text), TAG.generalizedTime, 0, text.length)

test('reads a UTCTime in the years 1950 to 2049', async (t) => {
  t.equal(utc('250102030405Z'), Date.UTC(2025, 0, 2, 3, 4, 5))
  t.equal(utc('491231235959Z'), Date.UTC(2049, 11, 31, 23, 59, 59))
  t.equal(utc('500101000000Z'), Date.UTC(1950, 0, 1))
  t.equal(utc('240229000000Z'), Date.UTC(2024, 1, 29))
})

test('reads a GeneralizedTime of any year', async (t) => {
  t.equal(generalized('99991231235959Z'), Date.UTC(9999, 11, 31, 23, 59, 59))
  t.equal(generalized('20000229120000Z'), Date.UTC(2000, 1, 29, 12))
  t.equal(generalized('19690720201740Z'), Date.UTC(1969, 6, 20, 20, 17, 40))
  // Date.UTC would make 1950 of the year 50.
  t.equal(generalized('00500301000000Z'), Date.parse('0050-03-01T00:00:00Z'))
  t.equal(generalized('00000229000000Z'), Date.parse('0000-02-29T00:00:00Z'))
})

test('agrees with the calendar of the engine on every day of 400 years', async (t) => {
  const text = (time: number): string => `${new Date(time).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`
  const days = Array.from({ length: 146_097 }, (_, day) => Date.UTC(1900, 0, 1) + day * 86_400_000)
  t.equal(days.find((time) => generalized(text(time)) !== time), undefined)
})

test('refuses other forms and days that are not in the calendar', async (t) => {
  for (const text of ['2501010000Z', '250101000000', '250101000000+0000', '250101000000z', '250001000000Z',
    '251301000000Z', '250132000000Z', '250100000000Z',
    '250229000000Z', '250431000000Z', '250101240000Z', '250101006000Z', '250101000060Z', '25010100000 Z',
    '2501010000-1Z', '']) {
    t.equal(derReason(() => utc(text)), 'time_invalid', text)
  }
  for (const text of ['20250101000000.5Z', '20250101000000', '250101000000Z', '19000229000000Z', '2025010100Z']) {
    t.equal(derReason(() => generalized(text)), 'time_invalid', text)
  }
  t.equal(derReason(() => decodeTime(Buffer.from('250101000000Z'), TAG.ia5String, 0, 13)), 'tag_unexpected')
})
