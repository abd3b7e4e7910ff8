import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { folder } from './support/folder.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'
import { ca, files, probe, serve, server, withOwn } from './support/probe-world.ts'

test('the CA of a server is looked for by key: a CA of the same name is another one', async (t) => {
  const [twin, other] = [await createDevCa(), await createDevCa({ name: 'Other' })]
  const middle = await ca.intermediate()
  const below = await middle.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })
  const file = folder(t, { 'ca.pem': ca.root, 'twin.pem': twin.root, 'other.pem': other.root, 'twins.pem': twin.root + ca.root })
  const keyOf = (der: Uint8Array): string => parsePeerIdentity(der).publicKey256 ?? ''
  for (const identity of [server, below, { key: server.key, chain: server.cert + ca.root }]) {
    const { at } = await serve(t, { key: identity.key, cert: identity.chain })
    const ask = async (bundle: string): Promise<any> => JSON.parse((await peerkit('probe', `https://${at}`, '--ca', file(bundle), '--json')).out).server.ca
    t.match(await ask('ca.pem'), { result: 'same_key', publicKey256: keyOf(ca.der), isAmbiguous: false })
    t.match(await ask('twin.pem'), { result: 'other_key', name: /CN=Peerkit development CA/, keysOfName: [keyOf(twin.der)] })
    t.match(await ask('other.pem'), { result: 'absent', keysOfName: [] })
    t.match(await ask('twins.pem'), { result: 'same_key', publicKey256: keyOf(ca.der), isAmbiguous: true })
  }
  const { at } = await serve(t, {})
  const { out } = await peerkit('probe', `https://${at}`, '--ca', file('twin.pem'))
  t.match(out, `its CA                 CN=Peerkit development CA,O=Peerkit development CA\\, not for production: --ca ${file('twin.pem')} has a CA of this name, with another key (SHA-256 ${keyOf(twin.der).slice(0, 16)}`)
  t.match((await peerkit('inspect', at, '--ca', file('other.pem'))).out, /its CA +.*: not in --ca/)
  t.match((await peerkit('inspect', at, '--ca', file('ca.pem'))).out, /its CA +.*: in --ca .*, with the same key\n/)
})

test('a refusal says that the name of an accepted CA proves nothing about its key', async (t) => {
  const twin = await createDevCa()
  const { at } = await serve(t, { ca: twin.root, requestCert: true })
  const { out } = await probe(files(t), at, ...withOwn(files(t)))
  t.match(out, /own certificate +CN=orders .*; the server names its CA \(a name only: the CA of the server may have another key\)\n/)
})

test('a file: a CA of the same name in --ca has not signed it', async (t) => {
  const twin = await createDevCa()
  const file = folder(t, { 'server.pem': server.cert, 'twin.pem': twin.root })
  t.match((await peerkitHere('inspect', file('server.pem'), '--ca', file('twin.pem'))).out, /no certificate is signed by --ca .*, which has a CA of the name CN=Peerkit.* with another key/)
})

test('two CAs of one name without key identifiers: OpenSSL takes the first, and the probe says so', async (t) => {
  const file = folder(t, { ca: '[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n', leaf: 'subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=none\n' })
  const run = (...args: readonly string[]): void => { execFileSync('openssl', args, { stdio: 'ignore' }) }
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  for (const name of ['one', 'two']) run('req', '-x509', ...fresh, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`), '-subj', '/CN=Twin', '-days', '9', '-config', file('ca'))
  run('req', ...fresh, '-keyout', file('s.key'), '-out', file('s.csr'), '-subj', '/CN=s', '-config', file('ca'))
  run('x509', '-req', '-in', file('s.csr'), '-CA', file('two.pem'), '-CAkey', file('two.key'), '-CAcreateserial', '-days', '9', '-out', file('s.pem'), '-extfile', file('leaf'))
  writeFileSync(file('both.pem'), readFileSync(file('one.pem'), 'utf8') + readFileSync(file('two.pem'), 'utf8'))
  const { at } = await serve(t, { key: readFileSync(file('s.key')), cert: readFileSync(file('s.pem')), ca: readFileSync(file('two.pem')) })
  const { code, out } = await peerkit('probe', `https://${at}`, '--ca', file('both.pem'))
  t.equal(code, 1)
  t.match(out, /trusted +no, by --ca .*\(CERT_SIGNATURE_FAILURE\)\n {2}its CA +CN=Twin: in --ca .*, with the same key; but so is another CA of this name\. Without key identifiers OpenSSL takes the first/)
})
