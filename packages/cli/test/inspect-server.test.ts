import { createServer as createHttps } from 'node:https'
import { createServer as createTcp } from 'node:net'
import { createServer as createTls } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { folder } from './support/folder.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'
import { listen } from './support/servers.ts'
import { holdTimeLimits } from './support/time-limits.ts'

const ca = await createDevCa()
const server = await ca.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a server is shown as it is in ${version}: chain as sent, accepted CAs, trust`, async (t) => {
    const other = await createDevCa({ name: 'Other, CA' })
    const at = await listen(t, createTls({
      key: server.key,
      cert: server.chain + ca.root,
      ca: [ca.root, other.root],
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: version,
      maxVersion: version,
      ALPNProtocols: ['http/1.1']
    }))
    const file = folder(t, { 'ca.pem': ca.root })
    const { code, out } = await peerkit('inspect', at, '--ca', file('ca.pem'))
    t.equal(code, 0, 'also where the server breaks off for want of a certificate')
    t.match(out, /client certificate +requested\n/)
    t.match(out, /accepted CAs +CN=Peerkit development CA,.*\n +CN=Other\\, CA/)
    t.match(out, /1 {2}.*: signed by 2/)
    t.match(out, /2 {2}.*: self-signed/)
    const own = await ca.issue({ cn: 'me', profile: 'client' })
    const files = folder(t, { 'ca.pem': ca.root, 'me.pem': own.chain, 'me.key': own.key })
    const json = JSON.parse((await peerkit(
      'inspect', `https://${at}`, '--ca', files('ca.pem'), '--cert', files('me.pem'), '--key', files('me.key'),
      '--alpn', 'http/1.1', '--json'
    )).out)
    t.match(json.server, {
      protocol: version, trusted: true, alpn: 'http/1.1', asksForCertificate: true, acceptedCas: [/Peerkit/, /Other/]
    })
    t.equal(json.certificates.length, 2)
    t.match((await peerkit('inspect', at)).out, version === 'TLSv1.3'
      ? /trusted +no, by the public CAs of Node: its root is not one of the CAs \(SELF_SIGNED_CERT_IN_CHAIN\)/
      : /failed +alert 40/)
  })
}

test('the name asked for decides which certificate is shown', async (t) => {
  const web = await ca.issue({ profile: 'server', dns: 'web.example' })
  const https = createHttps({ key: server.key, cert: server.cert })
  https.addContext('web.example', { key: web.key, cert: web.cert })
  const at = await listen(t, https)
  const file = folder(t, { 'ca.pem': ca.root })
  t.match(
    (await peerkit('inspect', at, '--ca', file('ca.pem'), '--servername', 'web.example')).out,
    /trusted +yes[^]*client certificate +not requested[^]*dns +web\.example/
  )
  t.match(
    (await peerkit('inspect', at, '--ca', file('ca.pem'), '--servername', 'other.example')).out,
    /trusted +no, .*not for this host name.*ERR_TLS_CERT_ALTNAME_INVALID/
  )
})

test('a server that never answers the handshake ends the inspection with 1 and a reason', async (t) => {
  const { expire } = holdTimeLimits(t)
  const at = await listen(t, createTcp((socket) => { socket.once('data', expire) }))
  const { code, out, err } = await peerkitHere('inspect', at)
  t.same([code, err], [1, ''])
  t.match(out, /the handshake took too long \(ETIMEDOUT\)/)
})

test('a port without TLS, one that closes and one that nobody listens on end with 1 and a reason', async (t) => {
  const plain = await listen(
    t, createTcp((socket) => { socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n') })
  )
  const closing = await listen(t, createTcp((socket) => { socket.destroy() }))
  const closed = createTcp()
  const nobody = await listen(t, closed)
  await new Promise((resolve) => { closed.close(resolve) })
  const expected: ReadonlyArray<readonly [string, RegExp]> = [
    [plain, /does not speak TLS/], [closing, /closed the connection/],
    [nobody, /no server listens on this port \(ECONNREFUSED\)/]
  ]
  for (const [at, reason] of expected) {
    const { code, out, err } = await peerkit('inspect', at, '--timeout', '60s')
    t.same([code, err], [1, ''], at)
    t.match(out, reason)
  }
})

test('a certificate of a server that Peerkit refuses is said to be refused', async (t) => {
  const twice = await ca.issue({
    dns: 'localhost',
    extensions: [{ oid: '1.2.3.4', value: Uint8Array.of(5, 0) }, { oid: '1.2.3.4', value: Uint8Array.of(5, 0) }]
  })
  const at = await listen(t, createTls({ key: twice.key, cert: twice.cert }))
  t.match(await peerkit('inspect', at), { code: 1, out: /The certificate cannot be parsed: / })
})
