// What a push does to open connections, resumed sessions and outbound pools, on real sockets.
import { createServer } from 'node:https'
import { once } from 'node:events'
import { test } from 'tap'
import type { Test } from 'tap'
import fastifyWebsocket from '@fastify/websocket'
import Fastify from 'fastify'
import WebSocket from 'ws'
import type { CredentialSource } from '@peerkit/credentials'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { dial } from '../../fastify-mtls/test/support/dial.ts'
import type { Dialled, Protocol } from '../../fastify-mtls/test/support/dial.ts'
import { spiffeCredentials } from '../src/index.ts'
import { startAgent } from './support/agent.ts'
import type { Agent } from './support/agent.ts'
import type { ResponseFields } from './support/messages.ts'
import { TrustDomain, nextChange, stayAlive } from './support/world.ts'

const [prod, partner, third] = [await TrustDomain.make('prod.example'), await TrustDomain.make('partner.example'), await TrustDomain.make('third.example')]
const remade = await TrustDomain.make('partner.example')
const PROTOCOLS: readonly Protocol[] = ['HTTP/1.1', 'HTTP/2']

const federate = (...domains: readonly TrustDomain[]): ResponseFields =>
  ({ federatedBundles: Object.fromEntries(domains.map(({ name, bundle }) => [`spiffe://${name}`, bundle])) })

async function startSource (t: Test): Promise<{ agent: Agent, source: CredentialSource, push: (...domains: readonly TrustDomain[]) => Promise<void> }> {
  stayAlive(t)
  const agent = await startAgent(t)
  agent.push(await prod.response(federate(partner)))
  const source = await spiffeCredentials({ socket: agent.address })
  t.after(async () => { await source.close() })
  return {
    agent,
    source,
    async push (...domains) {
      const rotated = nextChange(source, 'rotated')
      agent.push(await prod.response(federate(...domains)))
      await rotated
    }
  }
}

async function serve (t: Test, source: CredentialSource, options: object): Promise<number> {
  const app = Fastify(withMtls(source, options))
  await app.register(fastifyMtls)
  await app.register(fastifyWebsocket)
  app.register(async (scope: any) => {
    scope.get('/', async (request: any) => request.peer.spiffeId)
    scope.get('/socket', { websocket: true }, (socket: WebSocket, request: any) => { socket.send(request.peer.spiffeId) })
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => { await app.close() })
  return (app.server.address() as { port: number }).port
}

/** A connection of a peer of a trust domain. */
interface Caller extends Dialled { readonly redial: () => Promise<Dialled> }

async function call (t: Test, port: number, protocol: Protocol, domain: TrustDomain): Promise<Caller> {
  const peer: IssuedCertificate = await domain.ca.issue({ spiffe: `spiffe://${domain.name}/caller` })
  const open = async (session?: Buffer): Promise<Dialled> =>
    await dial({ port, ca: prod.ca } as never, protocol, { cert: peer.chain, key: peer.key } as never, { checkServerIdentity: () => undefined, session })
  const dialled = await open()
  t.after(async () => { await dialled.close() })
  t.equal(await dialled.ask(), 200, `${domain.name}, ${protocol}`)
  return Object.assign(dialled, { redial: async () => await open(dialled.session) })
}

test('a new SVID, and a change of one trust domain: the connections of all others stay', async (t) => {
  const { source, push } = await startSource(t)
  const port = await serve(t, source, { http2: true, mtls: { ticketSecret: Buffer.alloc(32, 7) } })
  for (const protocol of PROTOCOLS) {
    await push(partner)
    const [own, foreign] = [await call(t, port, protocol, prod), await call(t, port, protocol, partner)]
    const { trustEpoch, authorities: [, before] } = source.current
    await push(partner)
    t.equal(source.current.trustEpoch, trustEpoch, 'decisions stay')
    t.same([await own.ask(), await foreign.ask()], [200, 200], 'a new SVID')
    await push(partner, third)
    t.equal(source.current.authorities[1], before, 'an authority that did not change is the same object')
    t.same([await own.ask(), await foreign.ask()], [200, 200], 'another trust domain joined')
    const late = await call(t, port, protocol, third)
    await push(third, remade)
    t.same([await own.ask(), await foreign.ask(), await late.ask()].map((status) => status === 200), [true, false, true], 'the bundle of one has another CA')
    await push(third, partner)
  }
})

test('a trust domain that leaves is cut off, also with a session that it resumes', async (t) => {
  const { source, push } = await startSource(t)
  const port = await serve(t, source, { http2: true, mtls: { ticketSecret: Buffer.alloc(32, 7) } })
  for (const protocol of PROTOCOLS) {
    await push(partner)
    const [own, foreign] = [await call(t, port, protocol, prod), await call(t, port, protocol, partner)]
    const again = await foreign.redial()
    t.equal(await again.ask(), 200)
    t.equal(again.resumed, true, 'it did resume')
    await again.close()
    await push()
    t.not(await foreign.ask(), 200, `open, ${protocol}`)
    const resumed = await foreign.redial()
    t.not(await resumed.ask(), 200, `resumed, ${protocol}`)
    await resumed.close()
    t.equal(await own.ask(), 200)
  }
})

test('an open WebSocket of a trust domain that leaves is closed without a message', async (t) => {
  const { source, push } = await startSource(t)
  const port = await serve(t, source, {})
  const open = async (domain: TrustDomain): Promise<WebSocket> => {
    const peer = await domain.ca.issue({ spiffe: `spiffe://${domain.name}/caller` })
    const socket = new WebSocket(`wss://127.0.0.1:${port}/socket`, { cert: peer.chain, key: peer.key, ca: prod.ca.root, checkServerIdentity: () => undefined } as object)
    const [text] = await once(socket, 'message')
    t.equal(String(text), `spiffe://${domain.name}/caller`)
    t.after(() => { socket.terminate() })
    return socket
  }
  const [own, foreign] = [await open(prod), await open(partner)]
  const closed = once(foreign, 'close')
  await push()
  await closed
  const pong = once(own, 'pong')
  own.ping()
  await pong
  t.equal(own.readyState, WebSocket.OPEN)
})

test('outbound: a server of a trust domain that leaves gets no further request, the others do', async (t) => {
  const { source, push } = await startSource(t)
  const closed = new Map<string, Promise<unknown>>()
  const listen = async ({ name, ca }: TrustDomain): Promise<string> => {
    const { chain, key } = await ca.issue({ spiffe: `spiffe://${name}/server` })
    const server = createServer({ cert: chain, key, ca: prod.ca.root, requestCert: true }, (_request, response) => { response.end(name) })
    server.on('secureConnection', (socket) => { closed.set(name, once(socket, 'close')) })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => { server.close().closeAllConnections() })
    return `https://127.0.0.1:${(server.address() as { port: number }).port}`
  }
  const [own, foreign] = [await listen(prod), await listen(partner)]
  const agent = new MtlsAgent({ credentials: source, allowedServers: { spiffe: ['spiffe://prod.example/server', 'spiffe://partner.example/server'] } })
  t.after(async () => { await agent.destroy() })
  const ask = async (origin: string): Promise<string> => {
    const { body } = await agent.request({ origin, path: '/', method: 'GET' })
    return await body.text()
  }
  t.same([await ask(own), await ask(foreign)], ['prod.example', 'partner.example'])
  await push(partner)
  t.same([await ask(own), await ask(foreign)], ['prod.example', 'partner.example'])
  await push()
  await closed.get('partner.example')
  t.equal(await ask(own), 'prod.example')
  await t.rejects(ask(foreign), { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED' })
})
