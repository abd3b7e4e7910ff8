import { test } from 'tap'
import { decodeObjectIdentifier, isObjectIdentifier } from '@peerkit/identity/der'
import { hex, oid } from './fixtures/der.ts'
import { derReason } from './fixtures/reason.ts'

const read = (text: string): string => decodeObjectIdentifier(hex(text), 0, text.length / 2)

test('reads arcs of every size', async (t) => {
  for (const dotted of [
    '0.0', '0.39', '1.0', '1.39', '2.0', '2.39', '2.40', '2.999.1', '1.2.840.113549.1.1.11',
    '2.25.329800735698586629295641978511506172918', `2.${2n ** 64n}.5`, '1.3.9007199254740991', '1.3.9007199254740992'
  ]) {
    const element = oid(dotted)
    t.equal(decodeObjectIdentifier(element, 2, element.length), dotted)
    t.ok(isObjectIdentifier(dotted), dotted)
  }
})

test('refuses arcs that are empty, unfinished or padded', async (t) => {
  for (const text of ['', '80', '2a80', '8001', '2a8001', '2a808001', '2aff']) {
    t.equal(derReason(() => read(text)), 'oid_invalid', text)
  }
})

test('refuses an identifier beyond its bound before any big number is made', async (t) => {
  t.equal(derReason(() => read('2a' + 'ff'.repeat(127) + '01')), 'too_large')
  t.ok(isObjectIdentifier(read('2a' + 'ff'.repeat(126) + '01')))
  t.ok(isObjectIdentifier(read('2a'.repeat(128))))
})

test('tells dotted decimals from other texts', async (t) => {
  for (const text of [
    '', '1', '1.', '3.1', '1.40', '0.40', '01.2', '1.02', '1.2.', '.1.2', '1..2', '1.2.x', ' 1.2', '1.2\n', '-1.2'
  ]) t.notOk(isObjectIdentifier(text), text)
})

test('an identifier that was read before is read right again, also beside one that is kept in its place', async (t) => {
  const all = Array.from({ length: 3_000 }, (_, index) => `1.2.${index * 7}.${index % 90}`)
  for (let round = 0; round < 2; round += 1) {
    let wrong = 0
    for (const dotted of all) {
      const element = oid(dotted)
      if (decodeObjectIdentifier(element, 2, element.length) !== dotted) wrong += 1
    }
    t.equal(wrong, 0)
  }
  const element = oid('1.2.840.10045.2.1')
  t.equal(decodeObjectIdentifier(element, 2, element.length), '1.2.840.10045.2.1')
  element[element.length - 1] = 2
  t.equal(
    decodeObjectIdentifier(element, 2, element.length), '1.2.840.10045.2.2', 'later writes to the bytes change nothing'
  )
  element[element.length - 1] = 1
  t.equal(decodeObjectIdentifier(element, 2, element.length), '1.2.840.10045.2.1')
})
