import { test } from 'tap'
import { TAG, decodeText, textEncodingOf } from '@peerkit/identity/der'
import { hex } from './fixtures/der.ts'
import { derReason } from './fixtures/reason.ts'

const read = (tag: number, content: string | Buffer): string => {
  const bytes = Buffer.from(content as string)
  return decodeText(bytes, tag, 0, bytes.length)
}

test('reads every string type', async (t) => {
  t.equal(read(TAG.utf8String, 'Müller 😀'), 'Müller 😀')
  t.equal(read(TAG.printableString, 'plain'), 'plain')
  t.equal(read(TAG.numericString, '12 3'), '12 3')
  t.equal(read(TAG.ia5String, 'a@b'), 'a@b')
  t.equal(read(TAG.visibleString, 'x'), 'x')
  t.equal(read(TAG.t61String, hex('4bf66c6e')), 'Köln')
  t.equal(read(TAG.bmpString, hex('5f710041')), '影A')
  t.equal(read(TAG.universalString, hex('0001f60000000041')), '😀A')
  t.equal(read(TAG.utf8String, ''), '')
})

test('keeps NUL, controls and the byte order mark', async (t) => {
  t.equal(read(TAG.utf8String, 'a\0b\n\ufeff'), 'a\0b\n\ufeff')
  t.equal(read(TAG.utf8String, '\ufeffa'), '\ufeffa')
  t.equal(read(TAG.printableString, 'a\0b'), 'a\0b')
  t.equal(read(TAG.bmpString, hex('00410000feff')), 'A\0\ufeff')
})

test('reads UTF-8 in PrintableString and IA5String, as real certificates have it', async (t) => {
  t.equal(read(TAG.printableString, 'Müller'), 'Müller')
  t.equal(read(TAG.ia5String, 'ü'), 'ü')
})

test('refuses octets that are no text instead of replacing them', async (t) => {
  for (const text of ['ff', 'c0af', 'eda080', 'f4908080', '4bf66c', 'c3']) {
    for (const tag of [TAG.utf8String, TAG.printableString, TAG.ia5String]) {
      t.equal(derReason(() => read(tag, hex(text))), 'string_invalid', text)
    }
  }
  for (const text of ['41', '004100', 'd83dde00', 'd800']) {
    t.equal(derReason(() => read(TAG.bmpString, hex(text))), 'string_invalid', text)
  }
  for (const text of ['0041', '00110000', '0000d800', 'ffffffff']) {
    t.equal(derReason(() => read(TAG.universalString, hex(text))), 'string_invalid', text)
  }
})

test('knows no other string types', async (t) => {
  t.equal(derReason(() => read(0x1b, 'x')), 'tag_unexpected')
  t.equal(textEncodingOf(TAG.octetString), undefined)
})
