import { test } from 'tap'
import {
  equalDistinguishedNames,
  isUnfolded,
  matchDistinguishedNames,
  nameKey,
  parseDistinguishedName,
  rdnKeys,
  unfoldedKey
} from '@peerkit/identity'
import type { DistinguishedName } from '@peerkit/identity'
import { readName } from '@peerkit/identity/x509'
import { name } from './fixtures/certificate.ts'

const UTF8 = 0x0c
const PRINTABLE = 0x13
const CN = '2.5.4.3'
const O = '2.5.4.10'

const commonName = (value: string, tag = UTF8): DistinguishedName => readName(name([[CN, tag, value]]))
const short = (text: string): string => text.slice(0, 1_000)
const matches = (one: string, other: string): boolean => matchDistinguishedNames(commonName(one), commonName(other))

test('string types, case, and runs of spaces do not tell names apart (RFC 5280 section 7.1)', async (t) => {
  t.equal(matchDistinguishedNames(commonName('Issuing CA', PRINTABLE), commonName('Issuing CA', UTF8)), true)
  const [alike, others] = [
    ['ISSUING ca', '  Issuing \t CA ', 'Issuing\u00a0CA', 'Issuing\u2003CA'],
    ['IssuingCA', 'Issuing-CA', 'Issuing CA 2', 'Issuing', '']
  ]
  for (const other of alike) t.equal(matches('Issuing CA', other), true, JSON.stringify(other))
  for (const other of others) t.equal(matches('Issuing CA', other), false, other)
  t.equal(
    equalDistinguishedNames(commonName('Issuing CA'), commonName('ISSUING CA')),
    false,
    'identities are compared character by character'
  )
})

test('texts are folded by NFKC and lower case', async (t) => {
  for (const [one, other] of [
    ['Ｍüller', 'müller'],
    ['Mu\u0308ller', 'MÜLLER'],
    ['ﬁrm', 'FIRM'],
    ['²', '2'],
    ['\u212b', 'å'],
    ['ΣΊΓΜΑ', 'σίγμα']
  ] as const) {
    t.equal(matches(one, other), true, `${one} ${other}`)
  }
  for (const [one, other] of [
    ['müller', 'muller'],
    ['ı', 'i'],
    ['а', 'a']
  ] as const) { t.equal(matches(one, other), false, `${one} ${other}`) }
})

test('a run of more than thirty combining marks is compared as it stands, and thirty are folded', async (t) => {
  const marks = (count: number): string => '\u0327\u0301'.repeat(count / 2)
  const swapped = (count: number): string => '\u0301\u0327'.repeat(count / 2)
  t.equal(matches(`a${marks(30)}`, `A${swapped(30)}`), true)
  t.equal(matches(`a${marks(32)}`, `a${marks(32)}`), true)
  t.equal(matches(`a${marks(32)}`, `A${marks(32)}`), false)
  t.equal(matches(`a${marks(32)}`, `a${swapped(32)}`), false)
  t.equal(
    matches(`a${'\uff9e'.repeat(31)}`, `a${'\u3099'.repeat(31)}`),
    false,
    'marks that only folding makes count too'
  )
})

test('thirty thousand combining marks cost no more than reading them', async (t) => {
  const long = `a${'\u0315\u0300\u05ae'.repeat(10_000)}`
  const [key] = rdnKeys(commonName(long)) as [string]
  // Not by t.equal, which would print it.
  t.ok(key === `${CN}${unfoldedKey(long)}`, 'not normalised, which would take the square')
  t.equal(isUnfolded(key), true)
  t.equal(matches(long, long), true)
  t.equal(matches(long, `${long}\u0300`), false)
})

test('a longer text than names have is compared as it stands, unless it is ASCII or all spaces', async (t) => {
  const [short, long] = ['é'.repeat(1_024), 'é'.repeat(1_025)]
  t.equal(matches(short, short.toUpperCase()), true)
  t.equal(matches(long, long), true)
  t.equal(matches(long, long.toUpperCase()), false)
  t.equal(matches('a'.repeat(50_000), 'A'.repeat(50_000)), true)
  t.equal(matches(`${' '.repeat(2_000)}é`, 'É'), true, 'spaces do not count')
})

test('a text that was not folded has a key that no folded text has, and says so', async (t) => {
  const long = 'é'.repeat(1_025)
  for (const other of [`!${short(long)}`, `~${short(long)}`, `=${short(long)}`]) t.equal(matches(long, other), false)
  const sets = [
    [name([[CN, UTF8, long]]), true],
    [name([[CN, UTF8, 'é']]), false],
    [name([[CN, UTF8, '~a']]), false],
    [name([[CN, UTF8, 'a'], [O, UTF8, long]]), true],
    [name([[CN, UTF8, 'a"2.5.4.10~'], [O, UTF8, ',"2.5.4.10~']]), false],
    [name([[CN, UTF8, '["2.5.4.3~'], [O, UTF8, 'b']]), false]
  ] as const
  for (const [index, [der, unfolded]] of sets.entries()) {
    t.equal(rdnKeys(readName(der)).some(isUnfolded), unfolded, `${index}`)
  }
})

test('an RDN is a set, and a name is a list', async (t) => {
  const set = readName(
    name([
      [CN, UTF8, 'a'],
      [O, UTF8, 'b']
    ])
  )
  t.equal(matchDistinguishedNames(set, parseDistinguishedName('O=B+CN=A')), true)
  t.equal(matchDistinguishedNames(set, parseDistinguishedName('CN=a,O=b')), false, 'a set of two is not two in a row')
  t.equal(matchDistinguishedNames(parseDistinguishedName('CN=a,O=b'), parseDistinguishedName('O=b,CN=a')), false)
  t.equal(matchDistinguishedNames(parseDistinguishedName('CN=a'), parseDistinguishedName('O=a')), false)
  t.equal(matchDistinguishedNames(readName(name()), readName(name())), true, 'empty names')
  const one = parseDistinguishedName('CN=a')
  t.equal(matchDistinguishedNames(one, one), true)
})

test('no two lists have one key, whatever stands in the texts', async (t) => {
  const lists = [['a', 'b'], ['a","b'], ['a,b'], ['"a"', 'b'], [], [''], ['', '']]
  t.equal(new Set(lists.map(nameKey)).size, lists.length)
  t.notSame(rdnKeys(parseDistinguishedName('CN=a+O=b')), rdnKeys(parseDistinguishedName('CN=a\\+O\\=b')))
})

test('what is no text is compared by its bytes, and equals no text', async (t) => {
  const [bytes, same, others] = ['040101', '040101', '040102'].map((hex) => parseDistinguishedName(`CN=#${hex}`)) as [
    DistinguishedName,
    DistinguishedName,
    DistinguishedName
  ]
  t.equal(matchDistinguishedNames(bytes, same), true)
  t.equal(matchDistinguishedNames(bytes, others), false)
  t.equal(matchDistinguishedNames(bytes, parseDistinguishedName('CN=\\#040101')), false)
})
