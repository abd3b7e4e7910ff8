import { once } from 'node:events'
import { connect } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { call, pair, startWorld } from './support/world.ts'

for (const http2 of [false, true]) {
  test(`${
    http2 ? 'HTTP/2' : 'HTTP/1.1'
  }: nobody but the credentials sets certificates and CAs, before the server listens or after`, async (t) => {
    const foreign = await createDevCa({ name: 'Foreign' })
    const tenant = await foreign.issue({ dns: 'tenant.test' })
    const context = { cert: tenant.chain, key: tenant.key, ca: foreign.root }
    const attempts = (server: any): void => {
      for (const [method, attempt] of [
        ['addContext', () => server.addContext('*.test', context)],
        ['setSecureContext', () => server.setSecureContext(context)]
      ] as const) {
        t.throws(attempt, {
          code: 'MTLS_ERR_SERVER_OPTION',
          message: new RegExp(`app\\.server\\.${method}\\(\\) was called; expected .*only from the credentials`)
        })
      }
    }
    const world = await startWorld(t, {
      settings: { http2 } as any,
      setup: ({ server }) => {
        attempts(server)
      }
    })
    attempts(world.app.server)
    const stranger = await foreign.issue({ profile: 'client' })
    await t.rejects(call(world, stranger, { servername: 'tenant.test', checkServerIdentity: () => undefined }), {
      code: 'ECONNRESET'
    })
    t.match(world.refusals, [{ reason: 'unknown_ca' }])
    t.match(await call(world, world.client), { status: 200 })
  })
}

test('a rotation still reaches a server whose setSecureContext is closed', async (t) => {
  const world = await startWorld(t)
  const renewed = await world.ca.issue({ cn: 'renewed', dns: 'localhost', ip: '127.0.0.1' })
  world.credentials.update({ cert: renewed.chain, key: renewed.key })
  const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.ca.root, ...pair(world.client) })
  await once(socket, 'secureConnect')
  t.equal(socket.getPeerX509Certificate()?.serialNumber.toLowerCase(), renewed.serialNumber)
  socket.destroy()
})
