import { test } from 'tap'
import { equalDistinguishedNames, equalNameAttributes, parseDistinguishedName } from '@peerkit/identity'
import { readName } from '@peerkit/identity/x509'
import { bits, oid, sequence, set } from './fixtures/der.ts'
import { name } from './fixtures/certificate.ts'

const equal = (a: string, b: string): boolean =>
  equalDistinguishedNames(parseDistinguishedName(a), parseDistinguishedName(b))

test('holds names with the same attributes in the same order for equal, whatever their string types', async (t) => {
  t.ok(equal('CN=a,O=b', 'commonName=a, organization=b'))
  t.ok(equalDistinguishedNames(readName(name([['2.5.4.3', 0x13, 'a']])), readName(name([['2.5.4.3', 0x0c, 'a']]))))
  t.ok(equal('CN=a+OU=b+OU=c', 'OU=c+CN=a+OU=b'))
  t.ok(equal('', ''))
})

test('holds names that differ in anything for different', async (t) => {
  const different = [
    ['CN=a,O=b', 'O=b,CN=a'], ['CN=a,O=b', 'CN=a'], ['CN=a', 'CN=a,O=b'], ['CN=a+O=b', 'CN=a,O=b'], ['CN=a', 'CN=A'],
    ['CN=a b', 'CN=a  b'], ['CN=a', 'CN=a\\ '],
    ['CN=a', 'OU=a'], ['CN=\\C3\\BC', 'CN=u\\CC\\88'], ['CN=a', 'CN=a\\00'], ['CN=a\\,O=b', 'CN=a,O=b'],
    ['CN=a+CN=a+CN=b', 'CN=a+CN=b+CN=b'], ['', 'CN='],
  ] as const
  for (const [a, b] of different) t.notOk(equal(a, b), `${a} | ${b}`)
})

test('never holds bytes that look like a text for the text', async (t) => {
  const binary = readName(sequence(set(sequence(oid('2.5.4.3'), bits(Buffer.from('a'))))))
  const imitation = parseDistinguishedName('CN=\\#03020061')
  t.equal(imitation.commonName, binary.rdns[0]?.[0]?.value)
  t.notOk(equalDistinguishedNames(binary, imitation))
  t.ok(equalDistinguishedNames(binary, parseDistinguishedName('CN=#03020061')))
  t.notOk(equalNameAttributes(
    { type: '2.5.4.3', value: '#03020061', encoding: 'other' },
    { type: '2.5.4.3', value: '#03020061', encoding: 'utf8' }
  ))
  const mixed = (value: string): string => `O=x+CN=${value}`
  t.notOk(equal(mixed('#03020061'), mixed('\\#03020061')))
})

test('compares an RDN of thousands of attributes without comparing every pair', async (t) => {
  const many = Array.from({ length: 5000 }, (_, index) => `OU=${index}`)
  t.ok(equal(many.join('+'), many.toReversed().join('+')))
})
