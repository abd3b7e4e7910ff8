import { encodePem } from '@peerkit/identity'
import { test } from 'tap'
import {
  decodeByteSequence, decodeByteSequenceList, decodeEscapedPem, decodePemText, splitDerSequence
} from '../src/headers/encodings.ts'
import { ca, client } from './support/people.ts'

const pem = encodePem(client.der)

test('reads PEM whatever stands between its lines', async (t) => {
  for (const text of [
    pem, pem.replaceAll('\n', ' '), pem.replaceAll('\n', '\t'), pem.replaceAll('\n', '\r\n'), pem.replaceAll('\n', ''),
    `\n ${pem}\n`
  ]) t.same(decodePemText(text), [Buffer.from(client.der)])
  t.same(decodePemText(pem + encodePem(ca.der)), [Buffer.from(client.der), Buffer.from(ca.der)])
})

test('refuses what is more or less than certificates', async (t) => {
  const key = pem.replaceAll('CERTIFICATE', 'PRIVATE KEY')
  for (const text of [
    '', ' ', 'x', `x${pem}`, `${pem}x`, `${pem}x${pem}`, key, pem + key, pem.slice(0, -10), pem.slice(0, 100),
    pem.replace('MII', 'M!I'), pem.replace(/\n/, '\u00a0'), pem.replace(/\n/, '\0'),
    '-----BEGIN CERTIFICATE----------END CERTIFICATE-----'
  ]) {
    t.equal(decodePemText(text), undefined, JSON.stringify(text.slice(0, 40)))
  }
})

test('percent-encoding is undone once, and a plus sign stays', async (t) => {
  const escaped = encodeURIComponent(pem)
  const kept = escaped.replaceAll('%2B', '+').replaceAll('%2F', '/').replaceAll('%3D', '=')
  for (const text of [
    escaped, kept, escaped.toLowerCase().includes('%0a') ? escaped.replaceAll('%0A', '%0a') : escaped,
    pem.replaceAll('\n', ' ')
  ]) t.same(decodeEscapedPem(text), [Buffer.from(client.der)])
  for (const text of [
    encodeURIComponent(escaped), `${escaped}%`, `${escaped}%0`, `${escaped}%zz`, `${escaped}%ff`, `${escaped}%00`,
    escaped.replaceAll('%0A', '%C0%8A'), escaped.replaceAll('%0A', '%EF%BC%8D')
  ]) {
    t.equal(decodeEscapedPem(text), undefined, text.slice(-12))
  }
})

test('cuts a concatenation by its lengths, and takes none that does not fit', async (t) => {
  t.same(splitDerSequence(Buffer.concat([client.der, ca.der])), [Buffer.from(client.der), Buffer.from(ca.der)])
  t.same(splitDerSequence(Uint8Array.of(0x30, 0)), [Uint8Array.of(0x30, 0)])
  for (const bytes of [
    [], [0x30], [0x31, 0], [0x30, 1], [0x30, 0x80, 0, 0], [0x30, 0x84, 0, 0, 0, 0], [0x30, 0x82, 1],
    [0x30, 0x81, 200, 1], [0x30, 0, 0]
  ]) t.equal(splitDerSequence(Uint8Array.from(bytes)), undefined, String(bytes))
})

test('decodes a structured byte sequence', async (t) => {
  t.same(decodeByteSequence(':AQID:'), Buffer.from([1, 2, 3]))
  t.same(decodeByteSequence(':AQI=:'), Buffer.from([1, 2]))
})

test('refuses every other spelling of the same bytes', async (t) => {
  for (const text of [
    'AQID', ':AQID', 'AQID:', ':AQI:', ':AQJ=:', ':AQ ID:', ':AQID:;a=1', ':AQID:,:AQID:', '::', '', ':AQ-_:',
    ':AQID==:', '":AQID:"', ':AQIDx', 'xAQID:', ' :AQID:', ':AQID: '
  ]) {
    t.equal(decodeByteSequence(text), undefined, JSON.stringify(text))
  }
})

test('decodes a list, and refuses it whole where one item is wrong', async (t) => {
  t.same(decodeByteSequenceList(':AQ==:, :Ag==:,\t:Aw==:'), [Buffer.from([1]), Buffer.from([2]), Buffer.from([3])])
  for (const text of ['', ',', ':AQ==:,', ':AQ==:, x', ':AQ==: :Ag==:']) {
    t.equal(decodeByteSequenceList(text), undefined, JSON.stringify(text))
  }
})
