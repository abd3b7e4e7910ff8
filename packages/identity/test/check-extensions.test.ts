import { test } from 'tap'
import { parsePeerIdentity } from '@peerkit/identity'
import { bits, element, hex, integer, octets, oid, sequence, text } from './fixtures/der.ts'
import { certificate, directoryName, dns, extension, ip, name, otherName, uri } from './fixtures/certificate.ts'
import { certificateReason } from './fixtures/reason.ts'

const reasonFor = (id: string, value: Buffer): string =>
  certificateReason(() => parsePeerIdentity(certificate({ extensions: [extension(id, value)] })))

test('holds key identifiers to their structure', async (t) => {
  t.equal(reasonFor('2.5.29.14', octets(hex('0102'))), 'accepted')
  t.equal(reasonFor('2.5.29.14', hex('0102')), 'truncated')
  t.equal(reasonFor('2.5.29.14', Buffer.concat([octets(), hex('0500')])), 'trailing_data')
  const authority = (...parts: Buffer[]): string => reasonFor('2.5.29.35', sequence(...parts))
  t.equal(authority(), 'accepted')
  t.equal(authority(
    element(0x80, hex('01')), element(0xa1, directoryName(name([['2.5.4.3', 0x0c, 'x']]))), element(0x82, hex('01'))
  ), 'accepted')
  t.equal(authority(element(0x82, hex('0001'))), 'integer_invalid')
  t.equal(authority(element(0x83, hex('01'))), 'trailing_data')
})

test('holds CRL distribution points to their structure', async (t) => {
  const points = (...parts: Buffer[]): string => reasonFor('2.5.29.31', sequence(...parts))
  const place = element(0xa0, element(0xa0, uri('http://a/ü'.normalize())))
  t.equal(points(sequence(place)), 'accepted')
  t.equal(
    points(sequence(place, element(0x81, hex('0780')), element(0xa2, directoryName(name([['2.5.4.3', 0x0c, 'x']]))))),
    'accepted'
  )
  t.equal(points(sequence(element(0xa0, element(0xa1, sequence(oid('2.5.4.3'), text(0x0c, 'x')))))), 'accepted')
  t.equal(points(sequence(element(0xa0, element(0xa1)))), 'name_invalid')
  t.equal(points(sequence()), 'extension_invalid')
  t.equal(points(sequence(element(0x81, hex('0780')), element(0xa2))), 'extension_invalid')
  t.equal(points(sequence(place, element(0x81, hex('09')))), 'bit_string_invalid')
  t.equal(points(sequence(element(0xa0, element(0xa0, bits(hex('00')))))), 'general_name_invalid')
})

test('holds name constraints to their structure, and lets them say what no name may', async (t) => {
  const constraints = (...parts: Buffer[]): string => reasonFor('2.5.29.30', sequence(...parts))
  const subtrees = sequence(dns('.example'))
  t.equal(constraints(
    element(0xa0, subtrees, sequence(dns('')), sequence(ip(10, 0, 0, 0, 255, 0, 0, 0))),
    element(0xa1, sequence(uri('x'), element(0x80, hex('00')), element(0x81, hex('01'))))
  ), 'accepted')
  t.equal(constraints(element(0xa0, sequence(otherName('1.2.3', text(0x0c, 'x'))))), 'accepted')
  t.equal(constraints(element(0xa0, sequence())), 'truncated')
  t.equal(constraints(element(0xa0, sequence(element(0x84, hex('00'))))), 'general_name_invalid')
  t.equal(constraints(element(0xa1, subtrees), element(0xa0, subtrees)), 'trailing_data')
})

test('holds the certificate type of Netscape to its structure', async (t) => {
  t.equal(reasonFor('2.16.840.1.113730.1.1', bits(hex('80'), 7)), 'accepted')
  t.equal(reasonFor('2.16.840.1.113730.1.1', text(0x16, 'a comment')), 'tag_unexpected')
})

test('holds the resources of RFC 3779 to their structure', async (t) => {
  const blocks = (...parts: Buffer[]): string => reasonFor('1.3.6.1.5.5.7.1.7', sequence(...parts))
  const prefix = bits(hex('0a'))
  t.equal(blocks(
    sequence(octets(hex('0001')), sequence(prefix, sequence(prefix, prefix))),
    sequence(octets(hex('0002')), hex('0500'))
  ), 'accepted')
  t.equal(blocks(sequence(octets(hex('0001')))), 'truncated')
  t.equal(blocks(sequence(octets(hex('0001')), sequence(integer(1)))), 'tag_unexpected')
  t.equal(blocks(sequence(octets(hex('0001')), sequence(sequence(prefix)))), 'truncated')
  t.equal(blocks(sequence(octets(hex('0001')), hex('050100'))), 'null_invalid')
  const numbers = (...parts: Buffer[]): string => reasonFor('1.3.6.1.5.5.7.1.8', sequence(...parts))
  t.equal(numbers(), 'accepted')
  t.equal(
    numbers(element(0xa0, sequence(integer(1), sequence(integer(2), integer(3)))), element(0xa1, hex('0500'))),
    'accepted'
  )
  t.equal(numbers(element(0xa0, sequence(integer(0, 1)))), 'integer_invalid')
  t.equal(numbers(element(0xa1, sequence()), element(0xa0, sequence())), 'trailing_data')
  t.equal(numbers(element(0xa0, hex('0500'), hex('0500'))), 'trailing_data')
})

test('refuses proxy certificates, whose name a leaf made up', async (t) => {
  t.equal(reasonFor('1.3.6.1.5.5.7.1.14', sequence(sequence(oid('1.3.6.1.5.5.7.21.1')))), 'extension_invalid')
})
