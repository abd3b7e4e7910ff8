import { test } from 'tap'
import {
  checkInteger, checkNull, decodeBitString, decodeBoolean, decodeIntegerHex, decodeSmallInteger, toHex
} from '@peerkit/identity/der'
import { hex } from './fixtures/der.ts'
import { derReason } from './fixtures/reason.ts'

test('takes 0xff and 0x00 for a boolean and nothing else', async (t) => {
  t.equal(decodeBoolean(hex('ff'), 0, 1), true)
  t.equal(decodeBoolean(hex('00'), 0, 1), false)
  for (const text of ['', '01', 'fe', 'ffff']) {
    t.equal(derReason(() => decodeBoolean(hex(text), 0, text.length / 2)), 'boolean_invalid', text)
  }
})

test('refuses integers that are empty or not minimal', async (t) => {
  for (const text of ['', '0000', '007f', 'ff80', 'ffff']) {
    t.equal(derReason(() => checkInteger(hex(text), 0, text.length / 2)), 'integer_invalid', text)
  }
  for (const text of ['00', '7f', '80', '0080', 'ff7f']) {
    t.equal(derReason(() => checkInteger(hex(text), 0, text.length / 2)), 'accepted', text)
  }
})

test('gives small integers within their bound', async (t) => {
  t.equal(decodeSmallInteger(hex('0100'), 0, 2), 256)
  t.equal(decodeSmallInteger(hex('1fffffffffffff'), 0, 7), Number.MAX_SAFE_INTEGER)
  for (const text of ['20000000000000', '0100000000000000', '010000000000000000', '80']) {
    t.equal(derReason(() => decodeSmallInteger(hex(text), 0, text.length / 2)), 'integer_invalid', text)
  }
  t.equal(derReason(() => decodeSmallInteger(hex('05'), 0, 1, 4)), 'integer_invalid')
})

test('gives integers as hex without the sign octet', async (t) => {
  t.equal(decodeIntegerHex(hex('00ff'), 0, 2), 'ff')
  t.equal(decodeIntegerHex(hex('00'), 0, 1), '00')
  t.equal(decodeIntegerHex(hex('0a0b'), 0, 2), '0a0b')
  t.equal(derReason(() => decodeIntegerHex(hex('ff'), 0, 1)), 'integer_invalid')
})

test('finds the bits of a bit string and refuses set unused bits', async (t) => {
  t.same(decodeBitString(hex('0780'), 0, 2), { start: 1, end: 2, unused: 7 })
  t.same(decodeBitString(hex('00'), 0, 1), { start: 1, end: 1, unused: 0 })
  for (const text of ['', '08ff', '01', '01ff', '0741']) {
    t.equal(derReason(() => decodeBitString(hex(text), 0, text.length / 2)), 'bit_string_invalid', text)
  }
})

test('refuses a null with content', async (t) => {
  t.equal(derReason(() => checkNull(2, 3)), 'null_invalid')
  t.equal(derReason(() => checkNull(2, 2)), 'accepted')
})

test('writes the hex of a view, not of the buffer behind it', async (t) => {
  t.equal(toHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3)), '0203')
})
