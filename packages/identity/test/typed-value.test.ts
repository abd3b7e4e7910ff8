import { test } from 'tap'
import { MAX_BITS, MAX_INTEGER_OCTETS, readTypedValue } from '@peerkit/identity/x509'
import { bits, element, generalizedTime, hex, integer, octets, oid, sequence, text, utcTime } from './fixtures/der.ts'

test('reads the value of every type that rules can match', async (t) => {
  const cases: readonly [Uint8Array, string, unknown][] = [
    [text(0x0c, 'Zürich'), 'text', 'Zürich'],
    [text(0x13, 'Berlin'), 'text', 'Berlin'],
    [text(0x16, 'a@b'), 'text', 'a@b'],
    [text(0x12, '12 3'), 'text', '12 3'],
    [text(0x1a, 'x'), 'text', 'x'],
    [text(0x14, Buffer.from('Zürich', 'latin1')), 'text', 'Zürich'],
    [text(0x1e, Buffer.from('Zürich', 'utf16le').swap16()), 'text', 'Zürich'],
    [element(0x1c, hex('0001f511')), 'text', '🔑'],
    [text(0x0c, ''), 'text', ''],
    [hex('0101ff'), 'boolean', true],
    [hex('010100'), 'boolean', false],
    [integer(0), 'integer', '0'],
    [integer(0x7f), 'integer', '127'],
    [integer(0x80), 'integer', '-128'],
    [integer(0, 0xff), 'integer', '255'],
    [hex('0a0103'), 'integer', '3'],
    [integer(1, ...Array<number>(8).fill(0)), 'integer', '18446744073709551616'],
    [oid('1.2.276.0.76.4.50'), 'oid', '1.2.276.0.76.4.50'],
    [octets(hex('00FF')), 'octets', '00ff'],
    [bits(hex('a0'), 5), 'bits', '101'],
    [bits(hex('')), 'bits', ''],
    [utcTime('270315000000Z'), 'time', Date.UTC(2027, 2, 15)],
    [generalizedTime('20270315000000Z'), 'time', Date.UTC(2027, 2, 15)],
    [hex('0500'), 'null', undefined],
    [sequence(text(0x0c, 'a')), 'other', undefined],
    [element(0x80, hex('01')), 'other', undefined],
    [element(0x02, Buffer.alloc(MAX_INTEGER_OCTETS + 1, 1)), 'other', undefined],
    [bits(Buffer.alloc(MAX_BITS / 8 + 1)), 'other', undefined]
  ]
  for (const [bytes, type, value] of cases) {
    t.same(readTypedValue(bytes), { type, value }, Buffer.from(bytes).toString('hex').slice(0, 40))
  }
  t.equal(readTypedValue(element(0x02, Buffer.alloc(MAX_INTEGER_OCTETS, 1)))?.type, 'integer')
  t.equal(readTypedValue(bits(Buffer.alloc(MAX_BITS / 8)))?.value?.toString().length, MAX_BITS)
  t.ok(Object.isFrozen(readTypedValue(hex('0101ff'))))
})

test('does not guess what is not one valid value', async (t) => {
  const nested = Array.from({ length: 40 }).reduce<Buffer>((inner) => sequence(inner), hex('0500'))
  const cases: readonly Uint8Array[] = [
    hex(''), Buffer.from('plain text'), Buffer.concat([text(0x0c, 'a'), hex('00')]), hex('0c05'), hex('0c8000'),
    hex('010101'), hex('02020001'), hex('0200'), text(0x0c, hex('ff')), text(0x13, 'ü'), text(0x16, 'ü'),
    element(0x1e, hex('d800')), element(0x1e, hex('61')), hex('0603'), bits(hex('a1'), 5), utcTime('270315000000'),
    generalizedTime('20270315000000.5Z'), hex('050100'), nested, sequence(hex('0200')), hex('2c030c0161')
  ]
  for (const bytes of cases) t.equal(readTypedValue(bytes), undefined, Buffer.from(bytes).toString('hex').slice(0, 40))
})
