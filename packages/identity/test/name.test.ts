import { inspect } from 'node:util'
import { test } from 'tap'
import { NameInvalidError, isDistinguishedName } from '@peerkit/identity'
import { readName } from '@peerkit/identity/x509'
import { bits, hex, oid, sequence, set, text } from './fixtures/der.ts'
import { name } from './fixtures/certificate.ts'
import { derReason } from './fixtures/reason.ts'

test('keeps RDNs in order, with their attributes, types and encodings', async (t) => {
  const subject = readName(name(
    [['2.5.4.6', 0x13, 'DE']], [['2.5.4.11', 0x0c, 'ops'], ['2.5.4.11', 0x16, 'billing']], [['2.5.4.3', 0x0c, 'x']]
  ))
  t.same(subject.rdns, [
    [{ type: '2.5.4.6', value: 'DE', encoding: 'printable' }],
    [{ type: '2.5.4.11', value: 'ops', encoding: 'utf8' }, { type: '2.5.4.11', value: 'billing', encoding: 'ia5' }],
    [{ type: '2.5.4.3', value: 'x', encoding: 'utf8' }],
  ])
  t.equal(subject.toString(), 'CN=x,OU=ops+OU=billing,C=DE')
  t.equal(JSON.stringify({ subject }), '{"subject":"CN=x,OU=ops+OU=billing,C=DE"}')
  t.equal(inspect({ subject }), '{ subject: DistinguishedName <CN=x,OU=ops+OU=billing,C=DE> }')
})

test('gives the most specific text of each kind, and all texts of a type', async (t) => {
  const types = [
    '2.5.4.3', '2.5.4.10', '2.5.4.11', '2.5.4.6', '2.5.4.8', '2.5.4.7', '1.2.840.113549.1.9.1', '2.5.4.5',
    '0.9.2342.19200300.100.1.1'
  ]
  const subject = readName(
    name(...types.flatMap((type) => [[[type, 0x0c, `${type} first`]], [[type, 0x0c, type]]] as const))
  )
  const {
    commonName, organization, organizationalUnit, country, stateOrProvince, locality, emailAddress, serialNumber, userId
  } = subject
  t.same([
    commonName, organization, organizationalUnit, country, stateOrProvince, locality, emailAddress, serialNumber, userId
  ], types)
  for (const key of ['CN', 'cn', 'commonName', '2.5.4.3', 'OID.2.5.4.3']) {
    t.same(subject.values(key), ['2.5.4.3 first', '2.5.4.3'], key)
  }
  t.same(subject.values('1.2.3'), [])
  t.equal(readName(sequence()).commonName, undefined)
})

test('refuses to look up a type that nobody knows', async (t) => {
  t.throws(() => readName(sequence()).values('commonname '), NameInvalidError)
})

test('takes the last attribute of a multi-valued RDN for the most specific', async (t) => {
  t.equal(readName(name([['2.5.4.3', 0x0c, 'a'], ['2.5.4.3', 0x0c, 'b']])).commonName, 'b')
})

test('keeps a value that is no text as hex, out of the way of texts', async (t) => {
  const subject = readName(sequence(
    set(sequence(oid('2.5.4.3'), bits(Buffer.from('admin')))), set(sequence(oid('2.5.4.16'), sequence(text(0x0c, 'x'))))
  ))
  t.same(subject.rdns[0], [{ type: '2.5.4.3', value: '#03060061646d696e', encoding: 'other' }])
  t.same(subject.values('CN'), [])
  t.equal(subject.commonName, undefined)
  t.equal(subject.toString(), '2.5.4.16=#30030c0178,CN=#03060061646d696e')
})

test('refuses names that are no names', async (t) => {
  const cases: readonly (readonly [Buffer, string])[] = [
    [sequence(set()), 'name_invalid'],
    [sequence(set(sequence(oid('2.5.4.3')))), 'truncated'],
    [sequence(set(sequence(oid('2.5.4.3'), text(0x0c, 'x'), text(0x0c, 'y')))), 'trailing_data'],
    [sequence(set(sequence(oid('2.5.4.3'), hex('0101ff')))), 'name_invalid'],
    [sequence(set(sequence(oid('2.5.4.3'), text(0x1a, 'visible')))), 'name_invalid'],
    [sequence(set(sequence(oid('2.5.4.3'), text(0x2c, text(0x0c, 'constructed'))))), 'name_invalid'],
    [sequence(sequence(oid('2.5.4.3'), text(0x0c, 'x'))), 'tag_unexpected'],
    [Buffer.concat([sequence(), hex('0500')]), 'trailing_data'],
  ]
  for (const [bytes, reason] of cases) t.equal(derReason(() => readName(bytes)), reason)
})

test('is frozen all the way down', async (t) => {
  const subject = readName(name([['2.5.4.3', 0x0c, 'x']]))
  for (const value of [subject, subject.rdns, subject.rdns[0], subject.rdns[0]?.[0]]) t.ok(Object.isFrozen(value))
  t.ok(isDistinguishedName(subject))
  t.notOk(isDistinguishedName({ rdns: [] }))
})
