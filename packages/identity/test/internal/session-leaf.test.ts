import { once } from 'node:events'
import { createServer, connect } from 'node:tls'
import type { AddressInfo } from 'node:net'
import type { SecureVersion, TLSSocket } from 'node:tls'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { test } from 'tap'
import { leafOfSession } from '../../src/internal/session-leaf.ts'

const HOST = '127.0.0.1'

/** What a server has of a client after a handshake. */
async function shakeHands (
  t: any, version: SecureVersion, own: IssuedCertificate, client: IssuedCertificate | undefined
): Promise<Buffer> {
  const server = createServer({ cert: own.chain, key: own.key, requestCert: true, rejectUnauthorized: false })
  t.after(() => { server.close() })
  const connected = once(server, 'secureConnection') as Promise<[TLSSocket]>
  server.listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({
    host: HOST, port, rejectUnauthorized: false, maxVersion: version, cert: client?.chain, key: client?.key
  })
  socket.on('error', () => {})
  const [peer] = await connected
  const session = peer.getSession() as Buffer
  for (const one of [peer, socket]) one.destroy()
  return session
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`the client's certificate is read from a session of ${version}, and the session's keys are overwritten`, async (t) => {
    const ca = await createDevCa()
    const own = await ca.issue({ cn: 'server', ip: HOST })
    const client = await (await createDevCa({ name: 'Elsewhere' })).issue({ cn: 'stranger', profile: 'client' })
    const session = await shakeHands(t, version, own, client)
    t.strictSame(Buffer.from(leafOfSession(session) as Uint8Array), Buffer.from(client.der))
    t.ok(session.every((octet) => octet === 0))
    t.equal(leafOfSession(await shakeHands(t, version, own, undefined)), undefined, 'no certificate was sent')
  })
}

test('what is no session is refused, and overwritten too', async (t) => {
  for (const octets of ['', '3000', '0500', '300330', '3003a3ff00', '30800000']) {
    const session = Buffer.from(octets, 'hex')
    if (octets === '3000') t.equal(leafOfSession(session), undefined, octets)
    else t.throws(() => leafOfSession(session), { name: 'DerInvalidError' }, octets)
    t.ok(session.every((octet) => octet === 0), octets)
  }
})
