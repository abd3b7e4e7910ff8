// Requests that reach a server around its handshakes, such as those of a plain server that some code passes on. Nobody
// verified a certificate, so nobody is answered.
import { once } from 'node:events'
import { createServer, request as callPlain } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { isSoon } from '@peerkit/test-support/turns'
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
    const closed = once(server, 'close')
    server.close()
    await closed
  })
  return (server.address() as AddressInfo).port
}

/** The status of the answer; undefined if there is none. */
async function statusOf (asked: ClientRequest, event: 'response' | 'connect' = 'response'): Promise<number | undefined> {
  let status: number | undefined
  let isOver = false
  asked.once(event, (response: IncomingMessage) => {
    status = response.statusCode
    response.resume()
  })
  asked.once('error', () => { isOver = true }).end()
  await isSoon(() => isOver || status !== undefined)
  asked.destroy()
  return status
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
    t.equal(await statusOf(callPlain({ ...target, method: 'CONNECT', path: 'x.example:443' }), 'connect'), 401, 'CONNECT')
  })

  test(`HTTP/2 ${what}: a stream of no verified session gets 401`, async (t) => {
    const { app } = await startWorld(t, { ...options, settings: { ...'settings' in options && options.settings, http2: true } } as object)
    const plain = http2.createServer()
    plain.on('stream', (...args: unknown[]) => { app.server.emit('stream', ...args) })
    const port = await listen(t, plain)
    const session = http2.connect(`http://127.0.0.1:${port}`)
    const stream = session.request({ ':path': '/' })
    let status: number | undefined
    stream.on('error', () => {}).once('response', (headers) => { status = headers[':status'] })
    await isSoon(() => status !== undefined)
    t.equal(status, 401)
    const closed = once(session, 'close')
    session.destroy()
    await closed
  })
}
