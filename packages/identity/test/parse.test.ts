import { test } from 'tap'
import {
  MAX_NAME_LENGTH, attributeTypeNames, describeAttributeType, equalDistinguishedNames, parseDistinguishedName,
  resolveAttributeType
} from '@peerkit/identity'
import { readName } from '@peerkit/identity/x509'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import { Random } from '@peerkit/test-support/random'
import { hex, oid, sequence, set, text } from './fixtures/der.ts'
import { name } from './fixtures/certificate.ts'
import { nameReason } from './fixtures/reason.ts'

const values = (from: string): string[][] => parseDistinguishedName(from).rdns.map((rdn) => {
  return rdn.map(({ type, value }) => `${describeAttributeType(type) ?? type}=${value}`)
})

test('reads the examples of RFC 4514', async (t) => {
  t.same(values('UID=jsmith,DC=example,DC=net'), [['DC=net'], ['DC=example'], ['UID=jsmith']])
  t.same(values('OU=Sales+CN=J.  Smith,DC=example,DC=net'), [['DC=net'], ['DC=example'], ['OU=Sales', 'CN=J.  Smith']])
  t.same(values('CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net')[2], ['CN=James "Jim" Smith, III'])
  t.same(values('CN=Before\\0dAfter,DC=example,DC=net')[2], ['CN=Before\rAfter'])
  t.same(values('CN=Lu\\C4\\8Di\\C4\\87'), [['CN=Lučić']])
})

test('reads the hex value of any type, as in RFC 4514 4', async (t) => {
  const subject = parseDistinguishedName('1.3.6.1.4.1.1466.0=#04024869,CN=#1A0161,O=#0101FF')
  t.same(
    subject.rdns.flat().map(({ value, encoding }) => [value, encoding]),
    [['#0101ff', 'other'], ['a', 'visible'], ['#04024869', 'other']]
  )
  t.equal(String(subject), '1.3.6.1.4.1.1466.0=#04024869,CN=a,O=#0101ff')
})

test('reads the empty name and empty values', async (t) => {
  t.same(parseDistinguishedName('').rdns, [])
  t.same(parseDistinguishedName('  ').rdns, [])
  t.same(values('CN='), [['CN=']])
  t.same(values('CN=,O='), [['O='], ['CN=']])
})

test('ignores spaces around separators and keeps escaped ones', async (t) => {
  t.same(values(' CN = a b , O= c +OU = d '), [['O=c', 'OU=d'], ['CN=a b']])
  t.same(values('CN=\\ a\\ ,O=\\20b\\20'), [['O= b '], ['CN= a ']])
})

test('takes types in any case, as OIDs, and as OID. with an OID', async (t) => {
  t.same(
    values('cn=a,OrganizationName=b,2.5.4.11=c,OID.2.5.4.6=DE,oid.1.2.3=x'),
    [['1.2.3=x'], ['C=DE'], ['OU=c'], ['O=b'], ['CN=a']]
  )
  for (const known of attributeTypeNames()) t.ok(resolveAttributeType(known), known)
  t.equal(resolveAttributeType('constructor'), undefined)
  t.equal(resolveAttributeType('__proto__'), undefined)
})

test('lets a plus, comma or equals sign in a value be no separator', async (t) => {
  t.same(values('CN=a\\+b\\=c\\,CN\\=admin,O=x=y'), [['O=x=y'], ['CN=a+b=c,CN=admin']])
})

test('decodes hex values with the type they have', async (t) => {
  t.same(parseDistinguishedName('CN=#130161,1.2.3=#1e020061 ,OU=#0c00').rdns, [
    [{ type: '2.5.4.11', value: '', encoding: 'utf8' }],
    [{ type: '1.2.3', value: 'a', encoding: 'bmp' }],
    [{ type: '2.5.4.3', value: 'a', encoding: 'printable' }],
  ])
  t.same(parseDistinguishedName('CN=\\#0c00').commonName, '#0c00')
})

test('refuses what is ambiguous or broken, and says where', async (t) => {
  const cases: Record<string, string> = {
    admin: 'equals_sign_missing',
    'CN=a,': 'equals_sign_missing',
    'CN=a,,O=b': 'equals_sign_missing',
    'CN=a+': 'equals_sign_missing',
    'O=b+admin,CN=a': 'equals_sign_missing',
    '=a': 'attribute_type_missing',
    'XY=a': 'attribute_type_unknown',
    '1.=a': 'attribute_type_unknown',
    'CN\\=a=b': 'attribute_type_unknown',
    'CN="a"': 'character_unescaped',
    'CN=a;O=b': 'character_unescaped',
    'CN=<a>': 'character_unescaped',
    'CN=a\\': 'escape_invalid',
    'CN=a\\x': 'escape_invalid',
    'CN=a\\4': 'escape_invalid',
    'CN=\\ff': 'text_invalid',
    'CN=\\c3,O=x': 'text_invalid',
    'CN=\ud800': 'text_invalid',
    'CN=#': 'hex_value_invalid',
    'CN=#0c': 'hex_value_invalid',
    'CN=#0c0': 'hex_value_invalid',
    'CN=#0c0161ff': 'hex_value_invalid',
    'CN=#0c01ff': 'hex_value_invalid',
    'CN=#0101aa': 'hex_value_invalid',
    'CN=#1f0100': 'hex_value_invalid',
    'CN=#80': 'hex_value_invalid',
    'CN=#0c00x': 'hex_value_invalid',
    'CN=#admin': 'hex_value_invalid',
  }
  for (const [bad, reason] of Object.entries(cases)) t.equal(nameReason(() => parseDistinguishedName(bad)), reason, bad)
  t.equal(nameReason(() => parseDistinguishedName(7 as never)), 'not_a_string')
  t.equal(nameReason(() => parseDistinguishedName(' '.repeat(MAX_NAME_LENGTH + 1))), 'too_long')
  t.throws(() => parseDistinguishedName('CN=a,O=b;'), { code: 'MTLS_ERR_NAME_INVALID', position: 8 })
})

test('writes names that read back as the same', async (t) => {
  for (const value of [
    'plain', '', ' ', '  ', ' a ', '#x', '# ', 'a#', 'a,b+c"d\\e<f>g;h=i', 'Müller 😀', 'a\0b', '\n', '\u202eevil',
    '\ufeff', '\u2028', '\u0085', 'a\\', '\\ ', '=', ',', 'CN=admin,O=x'
  ]) {
    const subject = readName(name([['2.5.4.3', 0x0c, value], ['1.2.3.4', 0x0c, value]], [['2.5.4.10', 0x0c, value]]))
    const again = parseDistinguishedName(subject.toString())
    t.ok(equalDistinguishedNames(subject, again), encodeURI(value))
    t.equal(again.commonName, value)
    t.equal(String(again), String(subject))
    t.notOk(/[\p{Cc}\p{Cf}\u2028]/u.test(String(subject)))
  }
  const long = readName(name([['1.2.3.4', 0x0c, 'x'.repeat(300)]]))
  t.ok(equalDistinguishedNames(long, parseDistinguishedName(String(long))))
  const binary = readName(sequence(
    set(sequence(oid('2.5.4.45'), hex('030206c0'))), set(sequence(oid('1.2.3'), sequence(text(0x0c, 'x'))))
  ))
  t.ok(equalDistinguishedNames(binary, parseDistinguishedName(String(binary))))
})

test('writes RFC 4514 to the letter', async (t) => {
  t.equal(String(readName(name([['2.5.4.10', 0x0c, ' #a,b\\ ']]))), 'O=\\ #a\\,b\\\\\\ ')
  t.equal(String(readName(name([['2.5.4.10', 0x0c, '#a\0\u202e']]))), 'O=\\#a\\00\\E2\\80\\AE')
  t.equal(String(readName(name([['1.2.3.4', 0x13, 'Hi']]))), '1.2.3.4=#0c024869')
})

test('reads or refuses any text with a code, and reads back what it wrote of it', async (t) => {
  const seed = seedOf(4514)
  t.comment(`seed ${seed}`)
  const random = new Random(seed)
  const pieces = [
    'CN=', 'O=', '1.2.3=', 'OID.2.5.4.3=', ',', '+', ';', '=', '\\', '\\,', '\\2c', '\\ff', '\\c3\\bc', '#', '#0c0161',
    '#03020061', '"', ' ', '  ', 'a', 'ü', '😀', '\ud83d', '\0', '\u202e', 'x'.repeat(50)
  ]
  const count = rounds(20_000)
  let read = 0
  const wrong: string[] = []
  for (let i = 0; i < count; i++) {
    const source = (random.below(2) === 0 ? 'CN=' : '') +
      Array.from({ length: random.below(9) }, () => random.pick(pieces)).join('')
    if (nameReason(() => parseDistinguishedName(source)) !== 'accepted') continue
    read++
    const subject = parseDistinguishedName(source)
    if (!equalDistinguishedNames(subject, parseDistinguishedName(String(subject)))) wrong.push(source)
  }
  t.same(wrong, [])
  t.ok(read > 2000)
})
