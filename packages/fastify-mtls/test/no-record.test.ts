// Requests that reach a server around its handshakes, such as those of a plain server that some code passes on. Nobody
// verified a certificate, so nobody is answered.
import { once } from 'node:events'
import { createServer, request as callPlain } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { test } from 'tap'
import type { Test } from 'tap'
import { startWorld } from './support/world.ts'

/** How a server may be set up: with the plugin, or with its handshake alone. */
const SET_UP = [
  ['with the plugin', {}],
  ['with the plugin, for clients without a certificate too', { settings: { clientCertificate: 'optional' } }],
  ['gateOnly', { plugin: false, settings: { gateOnly: true } }]
] as const

async function listen (t: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}

async function statusOf (asked: ClientRequest): Promise<number | undefined> {
  asked.end()
  const [response] = await once(asked, 'response') as [IncomingMessage]
  response.resume()
  await once(response, 'close')
  return response.statusCode
}

for (const [what, options] of SET_UP) {
  test(`HTTP/1.1 ${what}: a request over no verified connection gets 401`, async (t) => {
    const { app } = await startWorld(t, { ...options, settings: { ...'settings' in options && options.settings } } as object)
    const plain = createServer()
    for (const event of ['request', 'checkContinue', 'checkExpectation', 'upgrade', 'connect']) {
      plain.on(event, (...args: unknown[]) => { app.server.emit(event, ...args) })
    }
    const port = await listen(t, plain)
    const target = { port, host: '127.0.0.1', agent: false } as const
    t.equal(await statusOf(callPlain(target)), 401, 'request')
    t.equal(await statusOf(callPlain({ ...target, headers: { expect: '100-continue' } })), 401, 'checkContinue')
    t.equal(await statusOf(callPlain({ ...target, headers: { expect: 'a-miracle' } })), 401, 'checkExpectation')
    for (const protocol of ['websocket', 'WebSocket', 'other']) {
      t.equal(await statusOf(callPlain({ ...target, headers: { connection: 'upgrade', upgrade: protocol } })), 401, `upgrade to ${protocol}`)
    }
    const tunnel = callPlain({ ...target, method: 'CONNECT', path: 'x.example:443' })
    tunnel.end()
    const [answer, socket] = await once(tunnel, 'connect') as [IncomingMessage, { destroy (): void }]
    socket.destroy()
    t.equal(answer.statusCode, 401, 'CONNECT')
  })

  test(`HTTP/2 ${what}: a stream of no verified session gets 401`, async (t) => {
    const { app } = await startWorld(t, { ...options, settings: { ...'settings' in options && options.settings, http2: true } } as object)
    const plain = http2.createServer()
    plain.on('stream', (...args: unknown[]) => { app.server.emit('stream', ...args) })
    const port = await listen(t, plain)
    const session = http2.connect(`http://127.0.0.1:${port}`)
    const stream = session.request({ ':path': '/' })
    const [headers] = await once(stream, 'response') as [http2.IncomingHttpHeaders]
    t.equal(headers[':status'], 401)
    stream.resume()
    await once(stream, 'close')
    session.close()
    await once(session, 'close')
  })
}
