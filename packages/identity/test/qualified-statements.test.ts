import { test } from 'tap'
import { PSP_ROLES, QC_TYPES, claimsOf, flawOfClaim, limitPeerIdentity, parsePeerIdentity, relinkPeerIdentity } from '../src/index.ts'
import type { PeerIdentity } from '../src/index.ts'
import { certificate, extension } from './fixtures/certificate.ts'
import { hex, integer, octets, oid, sequence, text } from './fixtures/der.ts'

const QC_STATEMENTS = '1.3.6.1.5.5.7.1.3'
const peerOf = (value: Uint8Array): PeerIdentity => parsePeerIdentity(certificate({
  extensions: [extension(QC_STATEMENTS, value)]
}))
const statement = (id: string, ...info: readonly Uint8Array[]): Buffer => sequence(oid(id), ...info)
const utf8 = (value: string): Buffer => text(0x0c, value)
const role = (id: string, name: string | Buffer): Buffer => {
  return sequence(oid(id), typeof name === 'string' ? utf8(name) : name)
}
const COMPLIANCE = statement('0.4.0.1862.1.1')
const TYPE_WEB = statement('0.4.0.1862.1.6', sequence(oid(QC_TYPES.web)))
const psd2 = (roles: readonly Buffer[], name: Buffer = utf8('BaFin'), id: Buffer = utf8('DE-BAFIN')): Buffer =>
  statement('0.4.0.19495.2', sequence(sequence(...roles), name, id))
const AI = role(PSP_ROLES.PSP_AI, 'PSP_AI')
const PI = role(PSP_ROLES.PSP_PI, 'PSP_PI')

test('reads the statements of a qualified certificate for payment services', async (t) => {
  const pds = statement('0.4.0.1862.1.5', sequence(sequence(text(0x16, 'https://tsp.example/pds'), text(0x13, 'en'))))
  const limit = statement('0.4.0.1862.1.2', sequence(text(0x13, 'EUR'), integer(1), integer(6)))
  const semantics = statement('1.3.6.1.5.5.7.11.2', sequence(oid('0.4.0.194121.1.2')))
  const peer = peerOf(sequence(semantics, COMPLIANCE, limit, statement('0.4.0.1862.1.4'), pds, TYPE_WEB, psd2([AI, PI])))
  t.same(peer.qualified, {
    statements: [
      '1.3.6.1.5.5.7.11.2', '0.4.0.1862.1.1', '0.4.0.1862.1.2', '0.4.0.1862.1.4', '0.4.0.1862.1.5', '0.4.0.1862.1.6',
      '0.4.0.19495.2'
    ],
    types: ['0.4.0.1862.1.6.3'],
    psd2: { roles: ['0.4.0.19495.1.3', '0.4.0.19495.1.2'], authority: 'DE-BAFIN', authorityName: 'BaFin' }
  })
  t.equal(peer.qualified, peer.qualified, 'read once')
  t.equal(flawOfClaim(peer, 'qualified'), undefined)
  t.ok(Object.isFrozen(peer.qualified) && Object.isFrozen(peer.qualified?.statements) && Object.isFrozen(peer.qualified?.psd2))
  t.notMatch(JSON.stringify(peer), /BAFIN/)
})

test('a certificate without the extension claims nothing, which is known', async (t) => {
  const peer = parsePeerIdentity(certificate())
  t.same(peer.qualified, { statements: [], types: [], psd2: undefined })
  t.same(peerOf(sequence()).qualified, { statements: [], types: [], psd2: undefined })
})

test('reads texts in the string types that CAs use, and roles that no standard names', async (t) => {
  const names = [
    text(0x13, 'Bank of Spain'), text(0x16, 'Bank of Spain'), text(0x14, Buffer.from('Banco de España', 'latin1')),
    text(0x1e, Buffer.from('Banco de España', 'utf16le').swap16()), utf8('Banco de España')
  ]
  for (const name of names) {
    const read = peerOf(sequence(psd2([role('1.2.3', text(0x13, 'PSP_XX')), AI, AI], name, text(0x13, 'ES-BDE')))).qualified
    t.match(read?.psd2, { roles: ['1.2.3', PSP_ROLES.PSP_AI], authority: 'ES-BDE', authorityName: /^Ban[ck]o? / })
  }
  t.same(peerOf(sequence(psd2([role(PSP_ROLES.PSP_AI, 'Account information')]))).qualified?.psd2?.roles, [PSP_ROLES.PSP_AI])
})

test('does not guess what is malformed: the claim is unknown, and says why', async (t) => {
  const nested = Array.from({ length: 40 }).reduce<Buffer>((inner) => sequence(inner), hex('0500'))
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ['nothing', hex(''), /truncated/],
    ['a wrong tag', octets(COMPLIANCE), /tag_unexpected/],
    ['trailing bytes', Buffer.concat([sequence(COMPLIANCE), hex('0500')]), /trailing_data/],
    ['a statement twice', sequence(psd2([AI]), COMPLIANCE, psd2([PI])), /statement 0\.4\.0\.19495\.2 twice/],
    ['a type twice', sequence(TYPE_WEB, TYPE_WEB), /twice/],
    ['something after a statement', sequence(statement('1.2.3', hex('0500'), hex('0500'))), /trailing_data/],
    ['no list of types', sequence(statement('0.4.0.1862.1.6')), /truncated/],
    ['an empty list of types', sequence(statement('0.4.0.1862.1.6', sequence())), /empty list/],
    ['a type that is no OID', sequence(statement('0.4.0.1862.1.6', sequence(utf8('web')))), /tag_unexpected/],
    ['no roles', sequence(psd2([])), /no roles/],
    ['a role without a name', sequence(psd2([sequence(oid(PSP_ROLES.PSP_AI))])), /truncated/],
    ['a role with the name of another', sequence(psd2([role(PSP_ROLES.PSP_AI, 'PSP_PI')])), /with the name PSP_PI/],
    ['a foreign role with a known name', sequence(psd2([role('1.2.3', 'PSP_PI')])), /with the name PSP_PI/],
    ['an empty authority', sequence(psd2([AI], utf8('BaFin'), utf8(''))), /empty/],
    ['an authority that is no text', sequence(psd2([AI], utf8('BaFin'), integer(1))), /expected a string/],
    ['an authority in invalid UTF-8', sequence(psd2([AI], utf8('BaFin'), text(0x0c, hex('ff')))), /string_invalid/],
    ['UTF-8 in a PrintableString', sequence(psd2([AI], utf8('BaFin'), text(0x13, 'DE-BÄFIN'))), /not ASCII/],
    ['an endless name', sequence(psd2([AI], utf8('x'.repeat(1_025)))), /too_large/],
    ['no authority', sequence(statement('0.4.0.19495.2', sequence(sequence(AI), utf8('BaFin')))), /truncated/],
    ['more after the authority', sequence(statement('0.4.0.19495.2', sequence(sequence(AI), utf8('a'), utf8('b'), utf8('c')))), /trailing_data/],
    ['an indefinite length', hex('3080 0000'), /length_indefinite/],
    ['deep nesting', sequence(statement('1.2.3', nested)), /too_deep/],
    ['10,000 statements', sequence(...Array.from({ length: 10_000 }, (_, i) => statement(`1.${i % 39}.${i}`))), /more than 100 statements/]
  ]
  for (const [name, value, flaw] of cases) {
    const peer = peerOf(value)
    t.equal(peer.qualified, undefined, name)
    t.match(flawOfClaim(peer, 'qualified'), /^the extension 1\.3\.6\.1\.5\.5\.7\.1\.3 cannot be read: /, name)
    t.match(flawOfClaim(peer, 'qualified'), flaw, name)
  }
  t.throws(() => parsePeerIdentity(certificate({
    extensions: [extension(QC_STATEMENTS, sequence(psd2([AI]))), extension(QC_STATEMENTS, sequence(psd2([PI])))]
  })), { code: 'MTLS_ERR_CERTIFICATE_INVALID', message: /extension_duplicate/ })
})

test('is unknown where the authority does not vouch for it, through links too', async (t) => {
  const peer = peerOf(sequence(TYPE_WEB))
  const limited = limitPeerIdentity(peer, 'partner', ['qualified'])
  t.equal(limited.qualified, undefined)
  t.equal(relinkPeerIdentity(limited, { via: [] }).qualified, undefined)
  t.same(claimsOf(limited).qualified?.types, [QC_TYPES.web])
  t.same(limitPeerIdentity(limited, 'partner', ['dns']).qualified?.types, [QC_TYPES.web])
  t.same(relinkPeerIdentity(peer, { via: [] }).qualified?.types, [QC_TYPES.web])
  t.equal(limitPeerIdentity(peer, 'partner', []).qualified, peer.qualified, 'read once')
  t.equal(flawOfClaim({ ...peer } as PeerIdentity, 'qualified'), undefined, 'not an identity of this package')
})
