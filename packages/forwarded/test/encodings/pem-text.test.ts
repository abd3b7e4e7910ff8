import { encodePem } from '@peerkit/identity'
import { test } from 'tap'
import { splitDerSequence } from '../../src/encodings/der-sequence.ts'
import { decodeEscapedPem, decodePemText } from '../../src/encodings/pem-text.ts'
import { ca, client } from '../support/people.ts'

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
