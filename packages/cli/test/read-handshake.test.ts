import { once } from 'node:events'
import { createServer } from 'node:tls'
import { test } from 'tap'
import { describeAlert } from '../src/server/describe-failure.ts'
import { openTls } from '../src/handshake/open-tls.ts'
import { readHandshake } from '../src/handshake/read-handshake.ts'
import { recordOpener } from '../src/handshake/records.ts'
import { readTarget } from '../src/server/tls-arguments.ts'
import { readDuration } from '../src/command.ts'
import { describePeriod, shown } from '../src/output.ts'
import { createDevCa } from '@peerkit/dev-ca'
import { listen } from './support/servers.ts'
import { SocketTap } from '../src/handshake/observe-server.ts'
import { connect, createServer as createTcp } from 'node:net'

const handshake = (...octets: number[]): Uint8Array =>
  Uint8Array.of(22, 3, 3, octets.length >> 8, octets.length & 255, ...octets)

test('messages that are cut, damaged or nonsense end the reading and nothing else', async (t) => {
  // CertificateRequest of TLS 1.2 with one name of two octets.
  const request = handshake(13, 0, 0, 12, 1, 64, 0, 2, 4, 3, 0, 4, 0, 2, 48, 0)
  t.match(readHandshake(request, []), { asked: true, authorities: [Uint8Array.of(48, 0)], alert: undefined })
  for (let end = 0; end < request.length; end++) {
    t.equal(readHandshake(request.subarray(0, end), []).authorities.length, 0)
  }
  for (let at = 0; at < request.length; at++) {
    for (const octet of [0, 1, 0x7f, 0xff]) readHandshake(request.with(at, octet), [])
  }
  t.match(readHandshake(handshake(13, 0xff, 0xff, 0xff), []), { asked: undefined })
  t.match(readHandshake(Uint8Array.of(21, 3, 3, 0, 2, 2, 40), []), { alert: 40 })
  t.match(readHandshake(Uint8Array.of(23, 3, 3, 0, 2, 2, 40), []), { alert: undefined })
  // One message in three records, and two in one.
  const parts = [handshake(13, 0), handshake(0, 12, 1, 64, 0, 2, 4), handshake(3, 0, 4, 0, 2, 48, 0, 14, 0, 0, 0)]
  t.match(readHandshake(Buffer.concat(parts), []), { asked: true, authorities: [Uint8Array.of(48, 0)] })
  t.match(readHandshake(handshake(14, 0, 0, 0), []), { asked: false })
})

test('without the secrets, or with a suite that is not known, TLS 1.3 stays closed', async (t) => {
  const ca = await createDevCa()
  const { key, cert } = await ca.issue({ dns: 'localhost' })
  const tls = createServer({ key, cert, requestCert: true, rejectUnauthorized: false, ca: ca.root })
  const target = readTarget(await listen(t, tls))
  if (target === undefined) throw new Error('no target')
  const connection = await openTls(target, { timeout: 60_000 })
  t.match(connection.facts(), { asked: true, certificates: [Uint8Array] })
  await connection.close()
  await connection.close()
  t.equal(recordOpener(0x1304, new Uint8Array(32)), undefined)
  const open = recordOpener(0x1301, new Uint8Array(32))
  t.throws(() => open?.(new Uint8Array(5), new Uint8Array(40)))
  const hello = handshake(2, 0, 0, 46, 3, 3, ...new Uint8Array(32), 0, 0x13, 0x01, 0, 0, 6, 0, 43, 0, 2, 3, 4)
  t.match(
    readHandshake(Buffer.concat([hello, Uint8Array.of(23, 3, 3, 0, 1, 0)]), []), { asked: undefined, certificates: [] }
  )
  t.match(readHandshake(
    Buffer.concat([hello, Uint8Array.of(23, 3, 3, 0, 20), new Uint8Array(20)]),
    [`SERVER_HANDSHAKE_TRAFFIC_SECRET 00 ${'00'.repeat(32)}`]
  ), { asked: undefined })
})

test('of an endless stream a bounded part is kept', async (t) => {
  const at = readTarget(await listen(
    t, createTcp((socket) => { socket.on('error', () => {}).end(Buffer.alloc(3 << 20)) })
  ))
  const tap = new SocketTap(connect({ host: at?.host ?? '', port: at?.port ?? 0 }))
  let length = 0
  tap.on('data', (part: Buffer) => { length += part.length })
  await once(tap, 'end')
  t.equal(length, 3 << 20)
  t.equal(tap.received.length, 1 << 20)
  tap.destroy()
})

test('small things read as they should', async (t) => {
  t.equal(describeAlert(0), undefined)
  t.match(describeAlert(200), /alert 200 unknown/)
  t.match(readTarget('https://[::1]/a?b'), { host: '::1', port: 443, authority: '[::1]:443', path: '/a?b' })
  t.match(readTarget('[2001:db8::1]:8443'), { host: '2001:db8::1', port: 8443 })
  t.match(readTarget('a.example:443'), { authority: 'a.example:443', path: '/' })
  for (const wrong of ['a', 'a:', 'a:0', ':443', 'http://a', 'https://', 'a b:1', '::1:443', '[::1', 'https://u:p@h']) {
    t.equal(readTarget(wrong), undefined, wrong)
  }
  t.equal(readDuration('1.5h', 'x'), 5_400_000)
  t.equal(describePeriod(undefined, 59_999, 0), 'expires in 59 seconds')
  t.equal(describePeriod(undefined, 0, 86_400_000), 'expired 1 day ago')
  t.equal(shown('a\u0000b'), 'a\\u{0}b')
  t.match(shown('x'.repeat(600)), /x… \(600 characters\)$/)
})
