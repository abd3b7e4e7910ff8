import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import Fastify from 'fastify'
import { test } from 'tap'
import type { Test } from 'tap'
import { rejection } from '@peerkit/test-support/rejection'
import { acmeIssuer, http01Responder } from '@peerkit/issuers/acme'
import type { AcmeChallenges, Http01Answer, Http01Responder } from '@peerkit/issuers/acme'
import { http01Listener } from '../../src/acme/http01-listener.ts'
import { AcmeServer } from './support/acme-server.ts'
import { ACCOUNT, makeKey, question } from './support/world.ts'

const TOKEN = 'a'.repeat(43)
const PATH = `/.well-known/acme-challenge/${TOKEN}`

async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function issuerFor (server: AcmeServer, http01: AcmeChallenges['http01'], key = ACCOUNT.key) {
  return acmeIssuer({ directory: server.directory, names: { dns: ['ledger.example'] }, account: { key }, challenges: { http01 } })
}

/** Whether something listens at a port. */
async function isOpen (port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) }).on('error', () => { resolve(false) })
  })
}

test('a listener is open while a challenge is met, and answers nothing else', async (t) => {
  const server = await AcmeServer.start(t)
  server.httpPort = await freePort()
  const origin = `http://127.0.0.1:${server.httpPort}`
  server.says = async ({ step }) => {
    if (step !== 'challenge') return undefined
    const [{ token } = { token: '' }] = [...server.authorizations.values()]
    const answer = await fetch(`${origin}/.well-known/acme-challenge/${token}`)
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    t.match(await answer.text(), new RegExp(`^${token}\\.[\\w-]{43}$`))
    for (const path of ['/', PATH, `${PATH}/..`, '/.well-known/acme-challenge/', `/.well-known/acme-challenge/${token}?x`, `/x/${token}`]) {
      const other = await fetch(`${origin}${path}`)
      t.same([other.status, await other.text()], [404, ''], path)
    }
    const posted = await fetch(`${origin}/.well-known/acme-challenge/${token}`, { method: 'POST', body: 'x' })
    t.equal(posted.status, 404)
    const head = await fetch(`${origin}/.well-known/acme-challenge/${token}`, { method: 'HEAD' })
    t.equal(head.status, 200)
    return undefined
  }
  t.ok((await issuerFor(server, { port: server.httpPort, host: '127.0.0.1' }).issue(question())).cert)
  t.notOk(await isOpen(server.httpPort), 'it is closed again')
})

test('issuers of a process share a listener', async (t) => {
  const server = await AcmeServer.start(t)
  server.httpPort = await freePort()
  const at = { port: server.httpPort, host: '127.0.0.1' }
  let isReady: () => void = () => {}
  const both = new Promise<void>((resolve) => { isReady = resolve })
  let challenges = 0
  server.says = async ({ step }) => {
    if (step !== 'challenge') return undefined
    if (++challenges === 2) isReady()
    await both
    return undefined
  }
  const answers = await Promise.all([issuerFor(server, at).issue(question()), issuerFor(server, at, makeKey()).issue(question())])
  t.ok(answers.every(({ cert }) => cert !== undefined))
  t.equal(server.accounts.size, 2)
  t.notOk(await isOpen(server.httpPort))
  t.ok((await issuerFor(server, at).issue(question())).cert, 'it opens again')
})

test('a listener that closes makes room for the next one', async (t) => {
  const server = await AcmeServer.start(t)
  server.httpPort = await freePort()
  const at = { port: server.httpPort, host: '127.0.0.1' }
  const turns = async (key: typeof ACCOUNT.key): Promise<void> => {
    const issuer = issuerFor(server, at, key)
    for (let turn = 0; turn < 8; turn += 1) await issuer.issue(question())
  }
  await Promise.all([turns(ACCOUNT.key), turns(makeKey()), turns(makeKey())])
  t.equal(server.of('certificate').length, 24)
  t.notOk(await isOpen(server.httpPort))
})

test('a listener that opens while the former one closes', async (t) => {
  const hook = http01Listener({ port: await freePort() })
  const { signal } = new AbortController()
  const proof = (token: string): Http01Answer => ({ identifier: 'a.example', token, keyAuthorization: `${token}.x` })
  await hook.set(proof('a'.repeat(20)), signal)
  const removed = hook.remove(proof('a'.repeat(20)))
  await hook.set(proof('b'.repeat(20)), signal)
  await removed
  await hook.remove(proof('b'.repeat(20)))
  t.equal(await hook.remove(proof('c'.repeat(20))), undefined, 'one that was never set')
})

test('a port that is taken, and an address that there is not', async (t) => {
  const server = await AcmeServer.start(t)
  const port = Number(new URL(server.origin).port)
  t.match(await rejection(issuerFor(server, { port, host: '127.0.0.1' }).issue(question()) as Promise<unknown>), {
    code: 'MTLS_ERR_ISSUER', reason: 'challenge', message: new RegExp(`http-01 of ledger.example could not be set up: .*cannot listen on 127.0.0.1, port ${port}: EADDRINUSE; another program listens there`)
  })
  t.match(await rejection(issuerFor(server, { port: await freePort(), host: '192.0.2.7' }).issue(question()) as Promise<unknown>), {
    reason: 'challenge', message: /EADDRNOTAVAIL; expected a port and an address of this machine in challenges\.http01/
  })
  server.httpPort = await freePort()
  t.ok((await issuerFor(server, { port: server.httpPort, host: '127.0.0.1' }).issue(question())).cert, 'a failure leaves nothing behind')
})

/** An app on a plain port of its own. */
async function startApp (t: Test, http01: Http01Responder): Promise<number> {
  const app = Fastify()
  app.route(http01.route)
  t.after(async () => { await app.close() })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

test('a route of a Fastify app', async (t) => {
  const server = await AcmeServer.start(t)
  const http01 = http01Responder()
  server.httpPort = await startApp(t, http01)
  t.ok((await issuerFor(server, http01).issue(question())).cert)
  const { status, headers } = await fetch(`http://127.0.0.1:${server.httpPort}${PATH}`)
  t.same([status, headers.get('content-type')], [404, 'application/octet-stream'])
})

test('a handler of a plain server', async (t) => {
  const acme = await AcmeServer.start(t)
  const http01 = http01Responder()
  const app = createServer((request, response) => { if (!http01.handle(request, response)) response.end('the app') })
  await new Promise<void>((resolve) => { app.listen(0, '127.0.0.1', resolve) })
  t.after(() => { app.close() })
  acme.httpPort = (app.address() as AddressInfo).port
  t.ok((await issuerFor(acme, http01).issue(question())).cert)
  t.equal(await (await fetch(`http://127.0.0.1:${acme.httpPort}/`)).text(), 'the app')
  const [{ token } = { token: '' }] = [...acme.authorizations.values()]
  t.equal((await fetch(`http://127.0.0.1:${acme.httpPort}/.well-known/acme-challenge/${token}`)).status, 404, 'it is forgotten')
})

test('several instances behind one name: another one answers, which knows the account only', async (t) => {
  const server = await AcmeServer.start(t)
  const folder = t.testdir({})
  const account = { keyFile: join(folder, 'account.pem') }
  const ordering = acmeIssuer({ directory: server.directory, names: { dns: ['ledger.example'] }, account, challenges: { http01: http01Responder() } })
  // The load balancer sends the CA to an instance that ordered nothing, and starts before there is a key.
  server.httpPort = await startApp(t, http01Responder({ account }))
  t.ok((await ordering.issue(question())).cert)
  const [known] = [...server.accounts.values()]
  t.equal(await (await fetch(`http://127.0.0.1:${server.httpPort}${PATH}`)).text(), `${TOKEN}.${known?.thumbprint}`)
  const long = 'x'.repeat(256)
  t.equal(await (await fetch(`http://127.0.0.1:${server.httpPort}/.well-known/acme-challenge/${long}`)).text(), `${long}.${known?.thumbprint}`)
  for (const token of ['%3Cscript%3Ealert(1)%3C/script%3E', 'short', 'x'.repeat(257), `${TOKEN}/`, `${TOKEN}?a=b`]) {
    const answer = await fetch(`http://127.0.0.1:${server.httpPort}/.well-known/acme-challenge/${token}`)
    t.same([answer.status, await answer.text()], [404, ''], 'nothing else is sent back')
  }
})

test('a responder whose key cannot be read says so in a warning, and tries again', async (t) => {
  const folder = t.testdir({})
  const account = { keyFile: join(folder, 'missing/account.pem') }
  const http01 = http01Responder({ account })
  const app = createServer((request, response) => { http01.handle(request, response) })
  await new Promise<void>((resolve) => { app.listen(0, '127.0.0.1', resolve) })
  t.after(() => { app.close() })
  const origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  const warned = new Promise<Error & { code?: string }>((resolve) => { process.once('warning', resolve) })
  t.equal((await fetch(`${origin}${PATH}`)).status, 500)
  t.match(await warned, { code: 'PEERKIT_CHALLENGE_FAILED', message: /http01Responder: .*account\.keyFile .*cannot be made: ENOENT/ })
  const { mkdirSync } = await import('node:fs')
  mkdirSync(join(folder, 'missing'))
  t.equal((await fetch(`${origin}${PATH}`)).status, 200)
})

test('a responder with wrong options', async (t) => {
  t.throws(() => http01Responder({ acount: {} } as never), { code: 'MTLS_ERR_ISSUER_OPTION', message: /unknown option "acount" for http01Responder; .*account/ })
  t.throws(() => http01Responder({ account: {} }), { message: /account has neither key nor keyFile; expected one of them/ })
  t.throws(() => http01Responder({ account: { key: 'x', keyFile: 'y' } }), { message: /account has both key and keyFile/ })
  t.throws(() => http01Responder({ account: { keyfile: 'x' } as never }), { message: /unknown option "keyfile" for account/ })
  t.throws(() => http01Responder({ account: 7 as never }), { message: /account is 7; expected an object with key or keyFile/ })
})
