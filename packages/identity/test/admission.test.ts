import { test } from 'tap'
import { createPartialIdentity, flawOfClaim, limitPeerIdentity, parsePeerIdentity } from '../src/index.ts'
import type { PeerIdentity } from '../src/index.ts'
import { certificate, extension, name } from './fixtures/certificate.ts'
import { element, hex, integer, octets, oid, sequence, text } from './fixtures/der.ts'

const ADMISSION = '1.3.36.8.3.3'
const ARZT = '1.2.276.0.76.4.30'
const peerOf = (value: Uint8Array): PeerIdentity => parsePeerIdentity(certificate({
  extensions: [extension(ADMISSION, value)]
}))
const utf8 = (value: string): Buffer => text(0x0c, value)
const printable = (value: string): Buffer => text(0x13, value)
const directory = element(0xa4, name([['2.5.4.6', 0x13, 'DE']], [['2.5.4.10', 0x0c, 'gematik Berlin']]))
const namingAuthority = sequence(oid('1.2.276.0.76'), text(0x16, 'https://kammer.example'), utf8('Kammer'))
const info = (...parts: readonly Buffer[]): Buffer => sequence(...parts)
const infos = (...list: readonly Buffer[]): Buffer => sequence(sequence(sequence(sequence(...list))))

test('reads the admission of a practice, as gematik makes it', async (t) => {
  const value = sequence(directory, sequence(sequence(sequence(
    info(sequence(utf8('Betriebsstätte Arzt')), sequence(oid('1.2.276.0.76.4.50')), printable('1-2-ARZT-WalterFrost01'))
  ))))
  const peer = peerOf(value)
  t.same(peer.admission, [{
    professions: ['Betriebsstätte Arzt'],
    professionOids: ['1.2.276.0.76.4.50'],
    registrationNumber: '1-2-ARZT-WalterFrost01'
  }])
  t.ok(Object.isFrozen(peer.admission) && Object.isFrozen(peer.admission?.[0]) && Object.isFrozen(peer.admission?.[0]?.professions))
  t.equal(flawOfClaim(peer, 'admission'), undefined)
})

test('reads every optional part, several levels and several string types', async (t) => {
  const value = sequence(
    element(0x86, Buffer.from('https://kammer.example')),
    sequence(
      sequence(
        element(0xa0, directory), element(0xa1, namingAuthority),
        sequence(
          info(
            element(0xa0, sequence(utf8('Kammer'))), sequence(utf8('Ärztin/Arzt'), printable('Arzt')),
            sequence(oid(ARZT), oid('1.2.3')), utf8('1-HBA-1'), octets(hex('00'))
          ),
          info(sequence(text(0x1e, Buffer.from('Ärztin', 'utf16le').swap16())), octets(hex(''))),
          info(element(0xa0, sequence(oid('1.2.3'))), sequence(text(0x14, Buffer.from('Ärztin', 'latin1'))), printable('2'))
        )
      ),
      sequence(element(0xa1, sequence(text(0x16, 'https://b.example'))), sequence(info(sequence(), sequence(oid('1.2.4'))))),
      sequence(element(0xa1, sequence()), sequence())
    )
  )
  t.same(peerOf(value).admission, [
    { professions: ['Ärztin/Arzt', 'Arzt'], professionOids: [ARZT, '1.2.3'], registrationNumber: '1-HBA-1' },
    { professions: ['Ärztin'], professionOids: [], registrationNumber: undefined },
    { professions: ['Ärztin'], professionOids: [], registrationNumber: '2' },
    { professions: [], professionOids: ['1.2.4'], registrationNumber: undefined }
  ])
  t.same(peerOf(sequence(sequence())).admission, [])
  t.same(parsePeerIdentity(certificate()).admission, [])
  t.equal(createPartialIdentity({ subject: 'CN=a' }).admission, undefined)
  t.equal(flawOfClaim(createPartialIdentity({ subject: 'CN=a' }), 'admission'), undefined)
})

test('does not guess what is malformed', async (t) => {
  const arzt = sequence(utf8('Arzt'))
  const cases: readonly [string, Uint8Array][] = [
    ['nothing', hex('')],
    ['another type', octets(hex('00'))],
    ['trailing bytes', Buffer.concat([infos(info(arzt)), hex('0500')])],
    ['no admissions', sequence()],
    ['more after the admissions', sequence(sequence(), sequence())],
    ['a general name that is none', sequence(element(0x89, hex('')), sequence())],
    ['an implicit naming authority', sequence(sequence(sequence(element(0xa1, oid('1.2.3')), sequence())))],
    ['two naming authorities', sequence(sequence(sequence(element(0xa1, sequence(), sequence()), sequence())))],
    ['a naming authority with more', sequence(sequence(sequence(element(0xa1, sequence(utf8('a'), utf8('b'))), sequence())))],
    ['two authorities', sequence(sequence(sequence(element(0xa0, directory, directory), sequence())))],
    ['no professions', infos(info())],
    ['a profession that is no text', infos(info(sequence(integer(1))))],
    ['an empty profession', infos(info(sequence(utf8(''))))],
    ['a number that is no text', infos(info(arzt, integer(1)))],
    ['an OID that is none', infos(info(arzt, sequence(utf8('1.2.3'))))],
    ['two numbers', infos(info(arzt, printable('1'), printable('2')))],
    ['something after the octets', infos(info(arzt, octets(hex('00')), printable('1')))],
    ['UTF-8 in a PrintableString', infos(info(sequence(printable('Ärztin'))))],
    ['too many professions', infos(...Array.from({ length: 11 }, () => info(sequence(...Array.from({ length: 100 }, () => utf8('x'))))))],
    ['an indefinite length', hex('3080 0000')]
  ]
  for (const [title, value] of cases) {
    const peer = peerOf(value)
    t.equal(peer.admission, undefined, title)
    t.match(flawOfClaim(peer, 'admission'), /^the extension 1\.3\.36\.8\.3\.3 cannot be read: /, title)
  }
  t.equal(limitPeerIdentity(peerOf(infos(info(arzt))), 'p', ['admission']).admission, undefined)
})
