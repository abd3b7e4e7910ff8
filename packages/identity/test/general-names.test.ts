import { test } from 'tap'
import { parseIpAddress, readGeneralNames, renderIpAddress } from '@peerkit/identity/x509'
import { element, hex, integer, oid, sequence, text } from './fixtures/der.ts'
import { directoryName, dns, email, ip, name, otherName, uri } from './fixtures/certificate.ts'
import { derReason } from './fixtures/reason.ts'

const UPN = '1.3.6.1.4.1.311.20.2.3'
const one = (bytes: Buffer): { kind: string, value: unknown } => readGeneralNames(sequence(bytes))[0] as never
const reasonFor = (bytes: Buffer): string => derReason(() => readGeneralNames(sequence(bytes)))

test('reads every kind by its tag, in order', async (t) => {
  const names = readGeneralNames(sequence(uri('urn:a'), dns('a.example'), email('a@b'), ip(10, 0, 0, 1),
    dns('b.example'), directoryName(name([['2.5.4.3', 0x0c, 'x']])),
    otherName(UPN, text(0x0c, 'jörg@ad')), element(0x88, hex('2a03')), element(0xa3, sequence()),
    element(0xa5, element(0xa0, text(0x13, 'a')), element(0xa1, text(0x0c, 'b')))))
  t.same(names.map(({ kind, value }) => {
    return [kind, value === undefined || kind === 'otherName' ? undefined : String(value)]
  }), [
    ['uri', 'urn:a'], ['dns', 'a.example'], ['email', 'a@b'], ['ip', '10.0.0.1'], ['dns', 'b.example'],
    ['directoryName', 'CN=x'], ['otherName', undefined],
    ['registeredId', '1.2.3'], ['x400Address', undefined], ['ediPartyName', undefined],
  ])
})

test('decodes the text of a user principal name and keeps other values as bytes', async (t) => {
  const upn = one(otherName(UPN, text(0x0c, 'jörg, x@ad'))).value as { type: string, value: string, raw: Uint8Array }
  t.equal(upn.type, UPN)
  t.equal(upn.value, 'jörg, x@ad')
  t.same(upn.raw, new Uint8Array(text(0x0c, 'jörg, x@ad')))
  upn.raw.fill(0)
  t.equal(upn.raw[0], 0x0c)
  t.ok(Object.isFrozen(upn))
  t.same(Object.keys(upn), ['type', 'value'])
  const kerberos = one(otherName('1.3.6.1.5.2.2', sequence(integer(5)))).value as { value: undefined, raw: Uint8Array }
  t.equal(kerberos.value, undefined)
  t.same(kerberos.raw, new Uint8Array(sequence(integer(5))))
})

test('refuses plain names with NUL, controls, non-ASCII or nothing in them', async (t) => {
  for (const make of [dns, uri, email]) {
    for (const bad of ['a\0b', '\0', 'a\nb', 'a\x7f', 'ü', '']) {
      t.equal(reasonFor(make(bad)), 'general_name_invalid', JSON.stringify(bad))
    }
  }
})

test('keeps plain names as they are, however they look', async (t) => {
  for (const odd of ['*.A.example', 'a b', 'x, DNS:y', 'URI:spiffe://td/admin', '10.0.0.1', '"', "'", '\\', '%00']) {
    t.equal(one(dns(odd)).value, odd)
  }
})

test('takes IP addresses of four or sixteen octets only', async (t) => {
  for (const count of [0, 1, 3, 5, 8, 15, 17, 32]) {
    t.equal(reasonFor(ip(...Array<number>(count).fill(1))), 'general_name_invalid', String(count))
  }
})

test('writes IPv6 addresses as RFC 5952', async (t) => {
  const cases = {
    '20010db8000000000000000000000001': '2001:db8::1',
    '00000000000000000000000000000000': '::',
    '00000000000000000000000000000001': '::1',
    fe800000000000000000000000000000: 'fe80::',
    '00010000000200000000000300000004': '1:0:2::3:0:4',
    '00010000000000020000000000030004': '1::2:0:0:3:4',
    '0001000200030004000500060007ABCD': '1:2:3:4:5:6:7:abcd',
    '00010002000300040005000600000008': '1:2:3:4:5:6:0:8',
    '00000000000000000000ffffc0000201': '::ffff:c000:201',
  }
  for (const [octets, written] of Object.entries(cases)) {
    t.equal(one(ip(...hex(octets))).value, written)
    t.equal(renderIpAddress(hex(octets)), written)
    t.same(parseIpAddress(written), new Uint8Array(hex(octets)))
  }
  t.equal(renderIpAddress(parseIpAddress('192.0.2.1')), '192.0.2.1')
})

test('refuses kinds, structures and lists that are none', async (t) => {
  t.equal(derReason(() => readGeneralNames(sequence())), 'extension_invalid')
  t.equal(derReason(() => readGeneralNames(Buffer.concat([sequence(dns('a')), hex('0500')]))), 'trailing_data')
  t.equal(reasonFor(element(0x89, hex('00'))), 'general_name_invalid')
  t.equal(reasonFor(element(0xa2, text(0x16, 'constructed'))), 'general_name_invalid')
  t.equal(reasonFor(text(0x16, 'a.example')), 'general_name_invalid')
  t.equal(reasonFor(element(0x88)), 'oid_invalid')
  t.equal(reasonFor(element(0xa0, oid(UPN))), 'truncated')
  t.equal(reasonFor(element(0xa0, oid(UPN), element(0xa0))), 'truncated')
  t.equal(reasonFor(element(0xa0, oid(UPN), element(0xa0, text(0x0c, 'a'), text(0x0c, 'b')))), 'trailing_data')
  t.equal(reasonFor(element(0xa0, oid(UPN), element(0xa0, text(0x0c, 'a')), hex('0500'))), 'trailing_data')
  t.equal(reasonFor(otherName(UPN, text(0x0c, hex('ff')))), 'string_invalid')
  t.equal(reasonFor(otherName(UPN, text(0x16, 'ü'))), 'general_name_invalid')
  t.equal(reasonFor(element(0xa5, element(0xa0, text(0x0c, 'a')))), 'truncated')
  t.equal(reasonFor(element(0xa5, element(0xa1, text(0x16, 'a')))), 'general_name_invalid')
  t.equal(reasonFor(element(0xa5, element(0xa1, sequence()))), 'general_name_invalid')
})
