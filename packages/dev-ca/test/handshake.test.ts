import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import type { SecureVersion, TLSSocket } from 'node:tls'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate, KeyType } from '@peerkit/dev-ca'
import { test } from 'tap'
import type { Test } from 'tap'

interface Sides {
  readonly server: IssuedCertificate
  readonly client: IssuedCertificate
  readonly version: SecureVersion
  readonly crl?: string
}

/** A mutual handshake: the client's name as the server saw it, or the code of what went wrong there. */
async function handshake (t: Test, { server, client, version, crl }: Sides): Promise<string> {
  const listener = createServer({
    cert: server.chain,
    key: server.key,
    ca: server.ca,
    requestCert: true,
    rejectUnauthorized: false,
    ...(crl !== undefined && { crl })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => { listener.close() })
  const seen = new Promise<string>((resolve) => {
    listener.once('secureConnection', (socket: TLSSocket) => {
      // The client may be gone before its goodbye is read.
      socket.on('error', () => {})
      socket.end()
      // Node says undefined or null where all is well, else an Error or its code.
      const { authorizationError } = socket as { authorizationError?: unknown }
      resolve(socket.authorized
        ? String(socket.getPeerCertificate().subject.CN)
        : String((authorizationError as NodeJS.ErrnoException).code ?? authorizationError))
    })
    listener.once('tlsClientError', (error: NodeJS.ErrnoException) => { resolve(error.code ?? error.message) })
  })
  const { port } = listener.address() as AddressInfo
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    cert: client.chain,
    key: client.key,
    ca: client.ca,
    minVersion: version,
    maxVersion: version
  })
  socket.on('error', () => {})
  socket.resume()
  t.teardown(() => { socket.destroy() })
  return await seen
}

const getServerIdentity = (ca: DevCa, key: KeyType = 'ec-p256'): Promise<IssuedCertificate> =>
  ca.issue({ profile: 'server', cn: 'server', dns: 'localhost', ip: '127.0.0.1', key })
const clientOf = (ca: DevCa, key: KeyType = 'ec-p256'): Promise<IssuedCertificate> =>
  ca.issue({ profile: 'client', cn: 'client', key })

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: server and client prove themselves to each other with every kind of key`, async (t) => {
    for (const key of ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'ed25519'] as const) {
      const ca = await createDevCa({ key })
      t.equal(
        await handshake(t, { version, server: await getServerIdentity(ca, key), client: await clientOf(ca, key) }),
        'client',
        key
      )
    }
  })

  test(`${version}: chains through intermediates are accepted, too long ones are not`, async (t) => {
    const ca = await createDevCa()
    const upper = await ca.intermediate({ pathLength: 1 })
    const lower = await upper.intermediate()
    const below = await lower.intermediate()
    const server = await getServerIdentity(lower)
    t.equal(await handshake(t, { version, server, client: await clientOf(lower) }), 'client')
    t.match(await handshake(t, { version, server, client: await clientOf(below) }), /PATH_LENGTH_EXCEEDED/)
  })

  test(`${version}: a stranger's, an expired, an early, a server's and a revoked certificate ` +
    'are refused', async (t) => {
    const ca = await createDevCa()
    const server = await getServerIdentity(ca)
    const attempt = async (client: IssuedCertificate, crl?: string): Promise<string> =>
      await handshake(t, { version, server, client: { ...client, ca: ca.root }, ...(crl !== undefined && { crl }) })
    const hour = 3_600_000
    const stranger = await clientOf(await createDevCa({ name: 'Stranger' }))
    t.match(await attempt(stranger), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    t.match(await attempt(await ca.issue({ cn: 'old', notAfter: new Date(Date.now() - hour) })), 'CERT_HAS_EXPIRED')
    t.match(
      await attempt(await ca.issue({ cn: 'early', notBefore: new Date(Date.now() + hour) })), 'CERT_NOT_YET_VALID'
    )
    t.match(await attempt(await getServerIdentity(ca)), 'INVALID_PURPOSE')
    const revoked = await clientOf(ca)
    ca.revoke(revoked)
    const { pem } = await ca.crl()
    t.match(await attempt(revoked, pem), 'CERT_REVOKED')
    t.equal(await attempt(await clientOf(ca), pem), 'client')
  })
}
