import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { setImmediate } from 'node:timers/promises'
import fastifyWebsocket from '@fastify/websocket'
import { isSoon } from '@peerkit/test-support/turns'
import { test } from 'tap'
import Fastify from 'fastify'
import WebSocket, { WebSocketServer } from 'ws'
import fastifyAllowedClients from '../src/index.ts'
import { guardedApp } from './support/app.ts'
import { identifier } from './support/identified-app.ts'
import { billingCertificate, ca, opsCertificate } from './support/people.ts'
import { write } from './support/rules-files.ts'

const groups = { billing: { ou: 'billing' } }

test('the rules of guardUpgrades hold for a WebSocketServer on the raw server, and nobody gets there without them', async (t) => {
  const unguarded = await guardedApp({ groups })
  new WebSocketServer({ server: unguarded.app.server }).on('connection', () => {})
  await t.rejects(async () => { await unguarded.app.ready() }, { code: 'MTLS_ERR_SERVER_OPTION', message: /app\.mtls\.guardUpgrades\(rules\)/ })

  const { app, lines } = await guardedApp({ groups }, {}, { clientCertificate: 'optional' })
  t.throws(() => app.mtls.guardUpgrades('nobody'), { code: 'MTLS_ERR_RULE_INVALID', message: /app\.mtls\.guardUpgrades\(rules\)/ })
  t.throws(() => app.mtls.guardUpgrades(undefined as never), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION' })
  app.mtls.guardUpgrades('billing')
  new WebSocketServer({ server: app.server, path: '/ws' }).on('connection', (socket) => { socket.send('secret') })
  t.after(async () => { await app.close() })
  const origin = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('https', 'wss')
  const open = (own: object): WebSocket => new WebSocket(`${origin}/ws?token=1`, { ca: ca.root, ...own })
  const refusal = async (own: object): Promise<number> => {
    const socket = open(own)
    socket.on('error', () => {})
    const [, response] = await once(socket, 'unexpected-response')
    socket.terminate()
    return response.statusCode
  }
  t.equal(await refusal({}), 401)
  t.equal(await refusal({ cert: opsCertificate.chain, key: opsCertificate.key }), 403)
  t.match(lines.filter(({ msg }) => msg === 'client denied'), [{ reason: 'no_identity', path: '/ws' }, { reason: 'no_match', rules: 'guardUpgrades', peer: /OU=ops/, path: '/ws', remoteAddress: '127.0.0.1' }])
  const socket = open({ cert: billingCertificate.chain, key: billingCertificate.key })
  const [message] = await once(socket, 'message')
  t.equal(String(message), 'secret')
  socket.close()
  await once(socket, 'close')
})

test('guardUpgrades guards listeners of requests too, and does not log their denials', async (t) => {
  const { app, lines } = await guardedApp({ groups }, {}, { clientCertificate: 'optional' })
  t.after(async () => { await app.close() })
  app.mtls.guardUpgrades('billing')
  const routes = app.server.listeners('request') as ((request: any, response: any) => void)[]
  app.server.removeAllListeners('request')
  app.server.on('request', (request, response) => {
    if (request.url === '/poll') response.end('secret')
    else for (const route of routes) route(request, response)
  })
  app.get('/ops', { config: { allowedClients: { ou: 'ops' } } }, async () => 'for ops')
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const ask = async (path: string, own: object): Promise<[number | undefined, string]> => await new Promise((resolve, reject) => {
    get(origin + path, { ca: ca.root, agent: false, ...own }, (response) => {
      let body = ''
      response.on('data', (chunk) => { body += String(chunk) }).on('end', () => { resolve([response.statusCode, body]) })
    }).on('error', reject)
  })
  const [b, o] = [billingCertificate, opsCertificate].map(({ chain, key }) => ({ cert: chain, key })) as [object, object]
  t.strictSame(await ask('/poll', b), [200, 'secret'])
  t.strictSame(await ask('/ops', o), [200, 'for ops'])
  t.strictSame(lines.filter(({ msg }) => msg === 'client denied'), [])
  t.equal((await ask('/poll', o))[0], 403)
  t.equal((await ask('/poll', {}))[0], 401)
  t.match(lines.filter(({ msg }) => msg === 'client denied'), [{ path: '/poll', peer: /OU=ops/ }, { reason: 'no_identity' }])
})

test('guardUpgrades waits for a rule that answers later', async (t) => {
  const { app } = await guardedApp({}, {}, { clientCertificate: 'optional' })
  t.after(async () => { await app.close() })
  app.mtls.guardUpgrades([async ({ commonName }) => {
    await setImmediate()
    return commonName === 'b'
  }])
  new WebSocketServer({ server: app.server, path: '/ws' }).on('connection', (socket) => { socket.send('secret') })
  const origin = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('https', 'wss')
  const open = (own: object): WebSocket => new WebSocket(`${origin}/ws`, { ca: ca.root, ...own })
  for (const [own, status] of [[{ cert: opsCertificate.chain, key: opsCertificate.key }, 403], [{}, 401]] as const) {
    const messages: string[] = []
    const socket = open(own)
    socket.on('error', () => {}).on('message', (text) => { messages.push(String(text)) })
    const refused = once(socket, 'unexpected-response').then(([, response]) => response.statusCode)
    t.equal(await Promise.race([refused, once(socket, 'open').then(() => 'open')]), status)
    t.same(messages, [])
    socket.terminate()
  }
  const socket = open({ cert: billingCertificate.chain, key: billingCertificate.key })
  t.equal(String((await once(socket, 'message'))[0]), 'secret')
  socket.close()
  await once(socket, 'close')
})

test('guardUpgrades asks the rules that are in force, of open sockets too', async (t) => {
  const groups = (ou: string): string => JSON.stringify({ groups: { chat: { ou } } })
  const file = await write(groups('billing'))
  const { app, lines } = await guardedApp({ file, watch: false }, {}, { clientCertificate: 'optional' })
  t.after(async () => { await app.close() })
  app.mtls.guardUpgrades('chat')
  new WebSocketServer({ server: app.server, path: '/ws' }).on('connection', (socket) => { socket.send('secret') })
  const origin = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('https', 'wss')
  const open = ({ chain, key }: { chain: string, key: string }): WebSocket => {
    const socket = new WebSocket(`${origin}/ws?token=hush`, { ca: ca.root, cert: chain, key })
    t.after(() => { socket.terminate() })
    return socket.on('error', () => {})
  }
  const answerTo = async (socket: WebSocket): Promise<number | string> => {
    const refused = once(socket, 'unexpected-response').then(([, { statusCode }]) => statusCode)
    return await Promise.race([refused, once(socket, 'message').then(([text]) => String(text))])
  }
  const first = open(billingCertificate)
  t.same(await Promise.all([first, open(opsCertificate)].map(answerTo)), ['secret', 403])
  lines.length = 0
  await writeFile(file, groups('ops'))
  await app.mtls.reload()
  t.ok(await isSoon(() => first.readyState === WebSocket.CLOSED), 'an open one is closed')
  t.match(lines.filter(({ msg }) => msg === 'client denied'), [{
    reason: 'rules_changed', rules: 'guardUpgrades', peer: /OU=billing/, path: '/ws', remoteAddress: '127.0.0.1'
  }])
  const second = open(opsCertificate)
  t.same(await Promise.all([open(billingCertificate), second].map(answerTo)), [403, 'secret'])
  await writeFile(file, JSON.stringify({ groups: { chat: { ou: 'ops' }, others: { cn: 'x' } } }))
  await app.mtls.reload()
  second.ping()
  await once(second, 'pong')
  t.equal(second.readyState, WebSocket.OPEN, 'whom the new rules allow stays')
})

test('for a socket that a route took the rules of the route hold, and not those of guardUpgrades', async (t) => {
  const groups = (chat: string, route: string): string => JSON.stringify({
    groups: { chat: { ou: chat }, route: { ou: route } }
  })
  const file = await write(groups('billing', 'billing'))
  const { app, lines } = await guardedApp({ file, watch: false }, {}, { clientCertificate: 'optional' })
  t.after(async () => { await app.close() })
  await app.register(fastifyWebsocket)
  app.mtls.guardUpgrades('chat')
  app.server.on('upgrade', () => {})
  app.get('/route', { websocket: true, config: { allowedClients: 'route' } }, (socket) => { socket.send('welcome') })
  const origin = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('https', 'wss')
  const { chain, key } = billingCertificate
  const socket = new WebSocket(`${origin}/route`, { ca: ca.root, cert: chain, key })
  t.after(() => { socket.terminate() })
  await once(socket, 'message')
  await writeFile(file, groups('ops', 'billing'))
  await app.mtls.reload()
  socket.ping()
  await once(socket, 'pong')
  t.equal(socket.readyState, WebSocket.OPEN)
  await writeFile(file, groups('billing', 'ops'))
  await app.mtls.reload()
  t.ok(await isSoon(() => socket.readyState === WebSocket.CLOSED))
  t.match(lines.filter(({ msg }) => msg === 'client denied'), [{ reason: 'rules_changed', rules: 'config.allowedClients' }])
})

test('a socket that guardUpgrades allowed is closed when the rule ends', async (t) => {
  // The certificates are valid by this clock, and the check is due in 50 ms of the real one.
  const end = Date.now() + 3_600_000
  let now = end - 50
  const { app } = await guardedApp({}, {}, { now: () => now, clientCertificate: 'optional' })
  t.after(async () => { await app.close() })
  app.mtls.guardUpgrades({ ou: 'billing', validUntil: new Date(end).toISOString() })
  new WebSocketServer({ server: app.server, path: '/ws' }).on('connection', (socket) => { socket.send('secret') })
  const origin = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('https', 'wss')
  const { chain, key } = billingCertificate
  const socket = new WebSocket(`${origin}/ws`, { ca: ca.root, cert: chain, key })
  await once(socket, 'message')
  now = end
  await once(socket, 'close')
  t.equal(socket.readyState, WebSocket.CLOSED)
})

test('guardUpgrades is refused on a server that withMtls did not make', async (t) => {
  const app = Fastify()
  await app.register(identifier(true, {}))
  await app.register(fastifyAllowedClients, { groups })
  t.throws(() => app.mtls.guardUpgrades('billing'), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /whose server withMtls did not make/ })
})
