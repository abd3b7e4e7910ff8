import { createServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { test } from 'tap'
import type { Test } from 'tap'
import { encodePem } from '@peerkit/identity'
import { element } from '@peerkit/test-support/der'
import { altNames, newKeys, Party, purposes, SERVER_AUTH } from '@peerkit/test-support/mint'
import { request } from 'undici'
import { pinnedAgent, unverifiedAgent } from '../../src/http/pinned-agent.ts'

function withAbort (): { signal: AbortSignal, abort: () => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => { controller.abort() } }
}

async function listen (t: Test, server: Server): Promise<string> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

// Node's own tls.connect looks at the server's certificate in a way that ends the process on Node 24 (SIGSEGV).
for (const [curve, leafCurve] of [['secp256k1', 'P-256'], ['brainpoolP256r1', 'P-256'], ['P-256', 'brainpoolP256r1']] as const) {
  test(`a server with a key on ${leafCurve}, whose CA has one on ${curve}, does not end the process`, async (t) => {
    const { signal } = new AbortController()
    const validity = { notBefore: Date.now() - 86_400_000, notAfter: Date.now() + 86_400_000 }
    const ca = new Party('CN=Root', { keys: newKeys(curve) })
    const keys = newKeys(leafCurve)
    const loopback = element(0x87, Buffer.from([127, 0, 0, 1]))
    const leaf = ca.issue('CN=server', { ...validity, keys, extensions: [purposes(SERVER_AUTH), altNames(loopback)] })
    const root = encodePem(ca.root(validity))
    const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
    const url = await listen(t, createServer({ cert: encodePem(leaf) + root, key }, (_request, response) => { response.end('answer') }))
    // The OpenSSL of Node 22 offers no such curve.
    const isOffered = leafCurve === 'P-256' || !process.versions.openssl.startsWith('3.0.')
    for (const agent of [unverifiedAgent(signal), pinnedAgent({ ca: [root], signal })]) {
      const answer = request(url, { dispatcher: agent })
      if (isOffered) t.equal(await (await answer).body.text(), 'answer')
      else await t.rejects(answer, { code: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE' })
      await agent.destroy()
    }
    const other = pinnedAgent({ ca: [encodePem(new Party('CN=Root').root(validity))], signal })
    await t.rejects(request(url, { dispatcher: other }))
    await other.destroy()
  })
}

test('a server is refused whose certificate is for another address', async (t) => {
  const { signal } = new AbortController()
  const validity = { notBefore: Date.now() - 86_400_000, notAfter: Date.now() + 86_400_000 }
  const ca = new Party('CN=Root')
  const root = encodePem(ca.root(validity))
  for (const [names, isRight] of [
    [[element(0x87, Buffer.from([127, 0, 0, 1]))], true],
    [[element(0x87, Buffer.from([127, 0, 0, 2]))], false],
    [[element(0x82, Buffer.from('127.0.0.1'))], false],
    [[element(0x82, Buffer.from('localhost'))], false]
  ] as const) {
    const keys = newKeys('P-256')
    const leaf = ca.issue('CN=127.0.0.1', { ...validity, keys, extensions: [purposes(SERVER_AUTH), altNames(...names)] })
    const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
    const url = await listen(t, createServer({ cert: encodePem(leaf) + root, key }, (_request, response) => { response.end('answer') }))
    const agent = pinnedAgent({ ca: [root], signal })
    const answer = request(url, { dispatcher: agent })
    if (isRight) t.equal(await (await answer).body.text(), 'answer')
    else await t.rejects(answer, { code: 'ERR_TLS_CERT_ALTNAME_INVALID', message: /expected 127\.0\.0\.1/ })
    await agent.destroy()
  }
})

test('a handshake that never ends does not keep its caller', async (t) => {
  const sockets = new Set<Socket>()
  let isReached = (): void => {}
  const reached = new Promise<void>((resolve) => { isReached = resolve })
  const url = await listen(t, createTcpServer((socket) => {
    sockets.add(socket)
    isReached()
  }))
  const { signal, abort } = withAbort()
  const agent = unverifiedAgent(signal)
  const asked = request(url, { dispatcher: agent, signal })
  await reached
  abort()
  await t.rejects(asked, { message: 'nobody waits for the answer any more' })
  const [socket] = sockets
  const ended = new Promise((resolve) => { socket?.once('close', resolve) })
  socket?.resume()
  await agent.destroy()
  await ended
  const late = unverifiedAgent(signal)
  await t.rejects(request(url, { dispatcher: late }), { message: 'nobody waits for the answer any more' })
  await late.destroy()
})
