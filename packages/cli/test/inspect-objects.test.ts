import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { folder } from './support/folder.ts'
import { peerkitHere, peerkitReading } from './support/peerkit.ts'

const ca = await createDevCa()
const leaf = await ca.issue({ cn: 'orders', dns: 'orders.example' })
ca.revoke(leaf, { reason: 'keyCompromise', date: new Date(Date.UTC(2026, 0, 2)) })
const list = await ca.crl()

test('a CRL, PEM and DER: what it says, and whether a CA of --ca has signed it', async (t) => {
  const [other, twin] = [await createDevCa({ name: 'Other' }), await createDevCa()]
  const file = folder(t, { 'crl.pem': list.pem, 'crl.der': list.der, 'ca.pem': ca.root, 'other.pem': other.root, 'twin.pem': twin.root })
  const { code, out, err } = await peerkitHere('inspect', file('crl.pem'))
  t.same([code, err], [0, ''])
  for (const row of [/CRL\n {2}issuer +CN=Peerkit development CA/, /nextUpdate .*: expires in 6 days/, /number +1\n/, /algorithm +ecdsa-sha256/, /signature +not checked\n/, new RegExp(`revoked +${leaf.serialNumber} {2}2026-01-02T00:00:00Z {2}keyCompromise`)]) t.match(out, row)
  const json = async (...args: string[]): Promise<any> => JSON.parse((await peerkitHere('inspect', ...args, '--json')).out)
  const found = await json(file('crl.der'), '--ca', file('ca.pem'))
  t.match(found, { target: file('crl.der'), kind: 'crl', certificates: [] })
  t.match(found.crls, [{ number: '1', size: 1, entries: [{ serialNumber: leaf.serialNumber, revokedAt: '2026-01-02T00:00:00Z', reason: 'keyCompromise' }], signature: 'valid' }])
  t.equal(found.crls[0].refused, undefined)
  t.match((await json(file('crl.der'), '--ca', file('twin.pem'))).crls, [{ signature: 'not_valid', refused: /its signature is not valid/ }])
  t.match((await json(file('crl.der'), '--ca', file('other.pem'))).crls, [{ signature: 'issuer_unknown', refused: /none of the issuers/ }])
  t.match((await peerkitHere('inspect', file('crl.der'), '--ca', file('ca.pem'))).out, `signature       valid, by --ca ${file('ca.pem')}`)
})

test('a CRL that the plugins refuse is shown too, and a long one is cut', async (t) => {
  const own = await createDevCa()
  const endless = await own.crl({ nextUpdate: null })
  const base = await own.crl()
  for (let serial = 0x1000; serial < 0x1000 + 101; serial++) own.revoke(serial.toString(16))
  const delta = await own.crl({ deltaBase: base.number })
  const file = folder(t, { 'endless.crl': endless.pem, 'delta.crl': delta.pem, 'ca.pem': own.root, 'empty.crl': base.pem })
  const shown = await peerkitHere('inspect', file('endless.crl'), '--ca', file('ca.pem'))
  t.match(shown, { code: 0, out: /nextUpdate +none: it would never expire\n[^]*signature +not checked\n {2}refused +CRL refused: it has no nextUpdate/ })
  const { out } = await peerkitHere('inspect', file('delta.crl'))
  t.match(out, / {2}delta CRL of +number 2\n/)
  t.match(out, / +1000 {2}[^]*1063 {2}[^\n]*\n +and 1 more, 101 in all\n/)
  t.match((await peerkitHere('inspect', file('empty.crl'))).out, /revoked +none\n/)
})

test('standard input, PEM and DER, and several kinds in one file', async (t) => {
  t.match(await peerkitReading(leaf.cert, 'inspect', '-'), { code: 0, out: /^-\n[^]*cn +orders/, err: '' })
  t.match(await peerkitReading(list.der, 'inspect', '-'), { code: 0, out: /CRL\n/ })
  const json = JSON.parse((await peerkitReading(leaf.cert.replaceAll('CERTIFICATE', 'X509 CERTIFICATE') + list.pem, 'inspect', '-', '--json')).out)
  t.match(json, { kind: 'certificate', certificates: [{ subject: 'CN=orders' }], crls: [{ number: '1' }] })
  t.match(await peerkitReading('', 'inspect', '-'), { code: 2, err: /-: found an empty file/ })
  t.match(await peerkitReading(leaf.cert, 'inspect', '-', '--ca', '-'), { code: 2, err: /-: found standard input, which was read already/ })
  const file = folder(t, { 'rules.yaml': '- cn: orders\n' })
  t.match(await peerkitReading(leaf.cert, 'explain', '--cert', '-', '--rules', file('rules.yaml')), { code: 0, out: /^allowed by rule 0/ })
})
