import { once } from 'node:events'
import { get } from 'node:https'
import { setImmediate } from 'node:timers/promises'
import { test } from 'tap'
import Fastify from 'fastify'
import WebSocket, { WebSocketServer } from 'ws'
import fastifyAllowedClients from '../src/index.ts'
import { guardedApp } from './support/app.ts'
import { identifier } from './support/identified-app.ts'
import { billingCertificate, ca, opsCertificate } from './support/people.ts'

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

test('guardUpgrades is refused on a server that withMtls did not make', async (t) => {
  const app = Fastify()
  await app.register(identifier(true, {}))
  await app.register(fastifyAllowedClients, { groups })
  t.throws(() => app.mtls.guardUpgrades('billing'), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /whose server withMtls did not make/ })
})
