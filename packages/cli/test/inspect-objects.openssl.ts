import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createDevCa } from '@peerkit/dev-ca'
import { decodePem } from '@peerkit/identity'
import { test } from 'tap'
import { folder } from './support/folder.ts'
import { peerkitHere } from './support/peerkit.ts'

const ca = await createDevCa()
const leaf = await ca.issue({ cn: 'orders', dns: 'orders.example' })

function openssl (...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' })
}

test('a certificate request: what it asks for, and whether its key has signed it', async (t) => {
  const file = folder(t, {})
  openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', file('a.key'), '-out', file('a.csr'), '-subj', '/CN=orders/O=Example',
    '-addext', 'subjectAltName=DNS:a.example,IP:192.0.2.1,otherName:1.2.3.4;UTF8:x,dirName:d', '-addext', 'extendedKeyUsage=clientAuth', '-config', configOf(file))
  openssl('req', '-new', '-key', file('a.key'), '-sigopt', 'rsa_padding_mode:pss', '-outform', 'DER', '-out', file('b.der'), '-subj', '/', '-config', configOf(file))
  const { code, out } = await peerkitHere('inspect', file('a.csr'))
  t.equal(code, 0)
  t.match(out, /Certificate request\n {2}subject +O=Example,CN=orders\n {2}names +dns a\.example\n +ip 192\.0\.2\.1\n +otherName 1\.2\.3\.4 x\n +directoryName CN=dir\n {2}extendedKeyUsage +1\.3\.6\.1\.5\.5\.7\.3\.2 \(clientAuth\)\n {2}key +rsa 2048\n {2}algorithm +rsa-sha256\n {2}signature +valid: the key has signed/)
  const json = JSON.parse((await peerkitHere('inspect', file('b.der'), '--json')).out)
  t.same(json.requests, [{ subject: '', subjectAltNames: [], extendedKeyUsage: [], key: 'rsa 2048', signatureAlgorithm: 'rsa-pss-sha256', signature: 'valid' }])
  const [der = new Uint8Array()] = decodePem(readFileSync(file('a.csr')), 'CERTIFICATE REQUEST')
  const forged = Buffer.from(der)
  forged[forged.indexOf('orders')] = 0x4f
  writeFileSync(file('forged.der'), forged)
  t.match((await peerkitHere('inspect', file('forged.der'))).out, /subject +O=Example,CN=Orders\n[^]*signature +not valid/)
  writeFileSync(file('cut.der'), der.subarray(0, -1))
  t.match(await peerkitHere('inspect', file('cut.der')), { code: 2, err: /cut\.der: .*expected a certificate, a CRL, a certificate request/ })
})

function configOf (file: (name: string) => string): string {
  writeFileSync(file('config'), '[req]\ndistinguished_name=dn\n[dn]\n[d]\nCN=dir\n')
  return file('config')
}

test('an OCSP response: its answers, and a status without any', async (t) => {
  const file = folder(t, { 'ca.pem': ca.root, 'ca.key': ca.key, 'leaf.pem': leaf.cert, index: `R\t270101000000Z\t260102000000Z,keyCompromise\t${leaf.serialNumber.toUpperCase()}\tunknown\t/CN=orders\n`, 'unauthorized.der': Buffer.from('30030a0106', 'hex'), 'broken.der': Buffer.from('30030a0107ff', 'hex') })
  openssl('ocsp', '-index', file('index'), '-rsigner', file('ca.pem'), '-rkey', file('ca.key'), '-CA', file('ca.pem'), '-issuer', file('ca.pem'), '-cert', file('leaf.pem'), '-serial', '0x1234', '-respout', file('answer.der'), '-ndays', '3')
  const { code, out } = await peerkitHere('inspect', file('answer.der'))
  t.equal(code, 0)
  t.match(out, new RegExp(`answers +${leaf.serialNumber} {2}revoked since 2026-01-02T00:00:00Z, of .*: expires in 2 days\n +1234 {2}unknown`))
  t.match(out, /OCSP response\n {2}status +successful\n {2}responder +CN=Peerkit development CA/)
  const json = JSON.parse((await peerkitHere('inspect', file('answer.der'), '--json')).out)
  t.match(json, { kind: 'ocsp', ocspResponses: [{ status: 'successful', signature: 'not_checked', signatureAlgorithm: 'ecdsa-sha256', nonce: /^[0-9a-f]+$/, answers: [{ serialNumber: leaf.serialNumber, state: 'revoked', revokedAt: '2026-01-02T00:00:00Z' }, { state: 'unknown' }] }] })
  t.match(await peerkitHere('inspect', file('unauthorized.der')), { code: 0, out: /status +unauthorized: the responder has no answer/ })
  t.match(await peerkitHere('inspect', file('broken.der')), { code: 2, err: /broken\.der: OCSP response refused/ })
})

test('PKCS#12: its certificates, the leaf first, with and without a key, and never the key', async (t) => {
  const file = folder(t, { 'leaf.pem': leaf.cert, 'leaf.key': leaf.key, 'ca.pem': ca.root, secret: 'secret\n', wrong: 'wrong' })
  openssl('pkcs12', '-export', '-in', file('leaf.pem'), '-inkey', file('leaf.key'), '-certfile', file('ca.pem'), '-passout', 'pass:secret', '-out', file('a.p12'))
  openssl('pkcs12', '-export', '-nokeys', '-in', file('ca.pem'), '-passout', 'pass:', '-out', file('trust.p12'))
  const { code, out } = await peerkitHere('inspect', file('a.p12'), '--passphrase-file', file('secret'))
  t.equal(code, 0)
  t.match(out, /The file also has a private key, which is not shown\.\n[^]*cn +orders\n[^]*1 {2}CN=orders: signed by 2[^]*2 {2}CN=Peerkit development CA.*: self-signed/)
  t.match(JSON.parse((await peerkitHere('inspect', file('a.p12'), '--passphrase-file', file('secret'), '--json')).out), { kind: 'pkcs12', certificates: [{ subject: 'CN=orders' }, { selfSigned: true }] })
  t.match(await peerkitHere('inspect', file('trust.p12')), { code: 0, out: /CA +yes/ })
  t.match(await peerkitHere('inspect', file('a.p12')), { code: 2, err: /found PKCS#12 with a passphrase; expected the passphrase in --passphrase-file/ })
  t.match(await peerkitHere('inspect', file('a.p12'), '--passphrase-file', file('wrong')), { code: 2, err: /found PKCS#12 that the passphrase does not decrypt/ })
  writeFileSync(file('cut.p12'), Buffer.from('3003020103', 'hex'))
  t.match(await peerkitHere('inspect', file('cut.p12')), { code: 2, err: /cut\.p12: found PKCS#12 that is damaged, or has an obsolete cipher/ })
})
