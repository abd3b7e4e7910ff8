import { test } from 'tap'
import {
  DerReader, MAX_DEPTH, TAG, checkWellFormed, expectElement, expectOnly, readElement
} from '@peerkit/identity/der'
import { derReason } from './fixtures/reason.ts'
import { element, hex, sequence } from './fixtures/der.ts'

test('reads short and long lengths', async (t) => {
  t.same(readElement(hex('0402aabb'), 0), { tag: 4, start: 0, contentStart: 2, end: 4 })
  const long = element(0x04, Buffer.alloc(300))
  t.same(readElement(long, 0), { tag: 4, start: 0, contentStart: 4, end: 304 })
  t.same(readElement(Buffer.concat([hex('0500'), long]), 2), { tag: 4, start: 2, contentStart: 6, end: 306 })
})

test('refuses lengths that are indefinite, not minimal or beyond what is there', async (t) => {
  t.equal(derReason(() => readElement(hex('30800000'), 0)), 'length_indefinite')
  t.equal(derReason(() => readElement(hex('04810100'), 0)), 'length_not_minimal')
  t.equal(derReason(() => readElement(Buffer.concat([hex('04820080'), Buffer.alloc(128)]), 0)), 'length_not_minimal')
  t.equal(derReason(() => readElement(hex('0485010000000000'), 0)), 'too_large')
  t.equal(derReason(() => readElement(hex('04ff'), 0)), 'truncated')
  t.equal(derReason(() => readElement(hex('0484ffffffff'), 0)), 'truncated')
  for (const text of ['', '04', '0401', '0482', '048201', '04820100']) {
    t.equal(derReason(() => readElement(hex(text), 0)), 'truncated', text)
  }
})

test('never reads beyond the limit it is given, nor beyond the bytes', async (t) => {
  t.equal(derReason(() => readElement(hex('0402aabb'), 0, 3)), 'truncated')
  t.equal(derReason(() => readElement(hex('0403aabb'), 0, 100)), 'truncated')
})

test('refuses tag 0 and high tag numbers', async (t) => {
  for (const text of ['0000', '1f0100', 'bf8f0100', '3f00']) {
    t.equal(derReason(() => readElement(hex(text), 0)), 'tag_unsupported', text)
  }
})

test('says which tag was expected and where', async (t) => {
  t.throws(
    () => expectElement(hex('00000500'), 2, 4, TAG.sequence),
    { code: 'MTLS_ERR_DER_INVALID', reason: 'tag_unexpected', offset: 2, message: /expected tag 0x30, found 0x05/ }
  )
  t.equal(derReason(() => expectOnly(hex('050000'), 0, 3, TAG.null)), 'trailing_data')
})

test('walks elements as a cursor and refuses leftovers', async (t) => {
  const reader = new DerReader(sequence(hex('0500'), hex('0401aa'), hex('0101ff')))
  const inner = reader.enter(TAG.sequence)
  reader.finish()
  t.ok(reader.done)
  t.equal(inner.peek(), TAG.null)
  t.equal(inner.optional(TAG.boolean), undefined)
  t.equal(inner.optional(TAG.null)?.end, 4)
  t.equal(inner.expect(TAG.octetString).contentStart, 6)
  t.equal(derReason(() => inner.finish()), 'trailing_data')
  inner.next()
  t.equal(inner.peek(), -1)
  t.equal(derReason(() => inner.next()), 'truncated')
})

test('bounds the depth of nesting', async (t) => {
  let nested: Buffer = hex('0500')
  for (let depth = 0; depth < MAX_DEPTH; depth++) nested = sequence(nested)
  checkWellFormed(nested, 0, nested.length)
  const deeper = sequence(nested)
  t.equal(derReason(() => checkWellFormed(deeper, 0, deeper.length)), 'too_deep')
})

test('checks the contents of primitive types of unknown structures', async (t) => {
  const cases = {
    '0101ff0202008005000a0101030207800603550403': 'accepted',
    '010101': 'boolean_invalid',
    '0200': 'integer_invalid',
    '0a020001': 'integer_invalid',
    '030108': 'bit_string_invalid',
    '050100': 'null_invalid',
    '06028001': 'oid_invalid',
    '1e0100': 'string_invalid',
    '1c0100': 'string_invalid',
    '170d3235303130313030303030305a': 'accepted',
    '17013a': 'time_invalid',
    '180d3235303130313030303030305a': 'time_invalid',
    1000: 'tag_unexpected',
    1100: 'tag_unexpected',
    2400: 'tag_unexpected',
    '2c00': 'tag_unexpected',
    2800: 'accepted',
    a000: 'accepted',
    8000: 'accepted',
  }
  for (const [text, reason] of Object.entries(cases)) {
    t.equal(derReason(() => checkWellFormed(hex(text), 0, text.length / 2)), reason, text)
  }
})
