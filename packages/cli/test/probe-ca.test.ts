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
