import { once } from 'node:events'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import fastifyWebsocket from '@fastify/websocket'
import { memoryCredentials } from '@peerkit/credentials'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { compileRules } from '@peerkit/rules'
import Fastify from 'fastify'
import { test } from 'tap'
import WebSocket from 'ws'
import fastifyAllowedClients from '../src/index.ts'
import { billingCertificate, ca, opsCertificate, serverCertificate } from './support/people.ts'

const gateway: IssuedCertificate = await ca.issue({ cn: 'gateway', ou: 'gateways', spiffe: 'spiffe://prod.example/gateway' })

interface Test { after (task: () => unknown): void }

/** An app behind a gateway, with a route for billing, one for ops, one for all, one for those that came by the gateway, and a WebSocket for billing. */
async function start (t: Test): Promise<{ port: number }> {
  const credentials = memoryCredentials({ cert: serverCertificate.chain, key: serverCertificate.key, ca: ca.root })
  const app = Fastify(withMtls(credentials))
  t.after(async () => {
    await app.close()
    await credentials.close()
  })
  await app.register(fastifyMtls, { forwarded: { format: 'rfc9440', gateways: { identity: compileRules([{ spiffe: 'spiffe://prod.example/gateway' }]) } } })
  await app.register(fastifyAllowedClients)
  await app.register(fastifyWebsocket)
  const answer = async (req: any): Promise<object> => ({ cn: req.peer.subject.commonName })
  app.get('/billing', { config: { allowedClients: [{ ou: 'billing' }] } }, answer)
  app.get('/ops', { config: { allowedClients: [{ ou: 'ops' }] } }, answer)
  app.get('/gateways', { config: { allowedClients: [{ ou: 'gateways' }] } }, answer)
  app.get('/identified', { config: { allowedClients: 'authenticated' } }, answer)
  app.get('/behind', { config: { allowedClients: [{ ou: 'billing', via: { spiffe: 'spiffe://prod.example/gateway' } }] } }, answer)
  app.get('/socket', { websocket: true, config: { allowedClients: [{ ou: 'billing' }] } } as any, ((socket: WebSocket, req: any) => { socket.send(req.peer.subject.commonName) }) as any)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (app.server.address() as AddressInfo).port }
}

const told = (client: IssuedCertificate): Record<string, string> => ({ 'client-cert': `:${Buffer.from(client.der).toString('base64')}:` })

async function ask (port: number, path: string, sender: IssuedCertificate, headers: object, agent: Agent | false = false): Promise<string> {
  const outgoing = request({ host: '127.0.0.1', port, path, agent, ca: ca.root, cert: sender.chain, key: sender.key, headers: headers as any }).end()
  const [response] = await once(outgoing, 'response')
  const { cn, code } = JSON.parse((await response.toArray()).join(''))
  return `${response.statusCode} ${cn ?? code}${outgoing.reusedSocket ? ' reused' : ''}`
}

test('two clients that come by one connection are two clients, in any order', async (t) => {
  const { port } = await start(t)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const outcomes: string[] = []
  for (const client of [billingCertificate, opsCertificate, undefined, billingCertificate, opsCertificate, opsCertificate, undefined, billingCertificate]) {
    for (const path of ['/billing', '/ops', '/gateways', '/identified']) outcomes.push((await ask(port, path, gateway, client === undefined ? {} : told(client), agent)).replace(' reused', ''))
  }
  const billing = ['200 b', '403 MTLS_ERR_CLIENT_NOT_ALLOWED', '403 MTLS_ERR_CLIENT_NOT_ALLOWED', '200 b']
  const ops = ['403 MTLS_ERR_CLIENT_NOT_ALLOWED', '200 o', '403 MTLS_ERR_CLIENT_NOT_ALLOWED', '200 o']
  const nobody = Array(4).fill('401 MTLS_ERR_PEER_MISSING')
  t.same(outcomes, [billing, ops, nobody, billing, ops, ops, nobody, billing].flat())
  t.match(await ask(port, '/billing', gateway, told(billingCertificate), agent), / reused$/)
  agent.destroy()
})

test('requests that are pipelined on one connection are not mixed either', async (t) => {
  const { port } = await start(t)
  const socket = connect({ host: '127.0.0.1', port, ca: ca.root, cert: gateway.chain, key: gateway.key })
  const of = (client: IssuedCertificate, last = false): string => `GET /billing HTTP/1.1\r\nHost: x\r\n${last ? 'Connection: close\r\n' : ''}Client-Cert: ${told(client)['client-cert']}\r\n\r\n`
  socket.write(of(billingCertificate) + of(opsCertificate) + of(billingCertificate) + of(opsCertificate, true))
  const text = (await socket.setEncoding('utf8').toArray()).join('')
  t.same(text.match(/HTTP\/1\.1 \d+/g), [200, 403, 200, 403].map((status) => `HTTP/1.1 ${status}`))
})

test('a rule may say by which gateway', async (t) => {
  const { port } = await start(t)
  t.equal(await ask(port, '/behind', gateway, told(billingCertificate)), '200 b')
  t.equal(await ask(port, '/behind', billingCertificate, {}), '403 MTLS_ERR_CLIENT_NOT_ALLOWED')
  t.equal(await ask(port, '/billing', billingCertificate, {}), '200 b')
  t.equal(await ask(port, '/billing', opsCertificate, told(billingCertificate)), '401 MTLS_ERR_FORWARDED_REFUSED')
})

test('WebSockets are opened for whom the gateway speaks for, and for nobody else', async (t) => {
  const { port } = await start(t)
  const open = async (sender: IssuedCertificate, headers: Record<string, string>): Promise<unknown> => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}/socket`, { ca: ca.root, cert: sender.chain, key: sender.key, headers })
    t.after(() => { socket.terminate() })
    return await new Promise((resolve) => {
      socket.on('message', (data) => { resolve(String(data)) })
      socket.on('unexpected-response', (_request, response) => { resolve(response.statusCode) })
      socket.on('error', () => {})
    })
  }
  t.equal(await open(gateway, told(billingCertificate)), 'b')
  t.equal(await open(gateway, told(opsCertificate)), 403)
  t.equal(await open(gateway, {}), 401)
  t.equal(await open(opsCertificate, told(billingCertificate)), 401)
  t.equal(await open(gateway, { client_cert: told(billingCertificate)['client-cert']! }), 401)
})
