import { Agent } from 'node:https'
import { createDevCa } from '@peerkit/dev-ca'
import { createForwardedReader } from '@peerkit/forwarded'
import type { ForwardedReader } from '@peerkit/forwarded'
import { parsePeerIdentity } from '@peerkit/identity'
import Fastify from 'fastify'
import { test } from 'tap'
import fastifyMtls, { injectAs, withMtls } from '../src/index.ts'
import { startBehind, told, trusted } from './support/gateway.ts'
import { call, callSession, openSession, startWorld } from './support/world.ts'

const REFUSED = { status: 401, body: { code: 'MTLS_ERR_FORWARDED_REFUSED' } }
const MISSING = { status: 401, body: { code: 'MTLS_ERR_PEER_MISSING' } }

for (const http2 of [false, true]) {
  const name = http2 ? 'HTTP/2' : 'HTTP/1.1'
  const settings: any = { http2 }

  test(`${name}: a trusted gateway speaks for its clients; nobody else does`, async (t) => {
    const world = await startBehind(t, {}, { settings })
    const behind = await world.ca.issue({ cn: 'behind' })
    t.match(await call(world, world.gateway, { headers: told(behind) }), { status: 200, body: { cn: 'behind' } })
    t.match(await call(world, world.client), { status: 200, body: { cn: 'client' } }, 'direct clients come by the same port')
    t.match(await call(world, world.client, { headers: told(behind) }), REFUSED)
    t.match(world.refused, [{ v: 1, reason: 'untrusted_sender', header: 'client-cert', peer: { subject: { commonName: 'client' } }, remoteAddress: '127.0.0.1' }])
    t.notMatch(JSON.stringify(world.refused), /MII/)
  })

  test(`${name}: a gateway without a certificate to tell of speaks for nobody, and not for itself`, async (t) => {
    const setup = (app: any): void => { app.get('/health', { config: { clientCertificate: 'optional' } }, async (request: any) => ({ peer: request.optionalPeer })) }
    const world = await startBehind(t, {}, { settings, setup })
    t.match(await call(world, world.gateway), MISSING)
    t.match(await call(world, world.gateway, { path: '/nowhere' }), { status: 401 })
    t.match(await call(world, world.gateway, { path: '/health' }), { status: 200, body: { peer: null } })
    const itself = await startBehind(t, { withoutCertificate: 'gateway' }, { settings })
    t.match(await call(itself, itself.gateway), { status: 200, body: { cn: 'gateway' } })
  })

  test(`${name}: removed headers are gone from all that a handler can see, and written down`, async (t) => {
    const setup = (app: any): void => { app.get('/seen', async ({ raw, headers, peer }: any) => [peer.subject.commonName, raw.rawHeaders, headers, raw.headers, raw.headersDistinct ?? null, raw.stream?.sentHeaders ?? null]) }
    const world = await startBehind(t, { onUntrusted: 'strip' }, { settings, setup })
    const [cert] = Object.values(told(world.gateway))
    const headers = { ...told(world.gateway, world.ca.der), client_cert: cert, 'x-forwarded-client-cert': 'Hash=x', kept: 'yes' }
    const { status, body } = await call(world, world.client, { path: '/seen', headers })
    t.equal(status, 200)
    t.equal(body[0], 'client')
    t.notMatch(JSON.stringify(body), /cert|MII|Hash/i)
    t.match(JSON.stringify(body), /kept/)
    t.match(world.stripped, [{ v: 1, reason: 'untrusted_sender', peer: { subject: { commonName: 'client' } } }])
    t.same(world.refused, [])
  })

  test(`${name}: an expired certificate is refused on a connection that is open`, async (t) => {
    let ahead = 0
    const world = await startBehind(t, {}, { settings: { ...settings, now: () => Date.now() + ahead } })
    const gateway = await world.ca.issue({ cn: 'gateway', spiffe: 'spiffe://a.example/gateway', days: 20 })
    const behind = await world.ca.issue({ cn: 'behind' })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.match(await call(world, gateway, { agent, headers: told(behind) }), { status: 200 })
    ahead = 8 * 86_400_000
    t.match(await call(world, gateway, { agent, headers: told(behind) }), { ...REFUSED, reused: true })
    t.match(world.refused, [{ reason: 'expired' }])
    agent.destroy()
  })

  test(`${name}: a revoked certificate is refused on a connection that is open`, async (t) => {
    const world = await startBehind(t, {}, { settings, crl: true })
    const [behind, other] = [await world.ca.issue({ cn: 'behind' }), await world.ca.issue({ cn: 'other' })]
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (const turn of [1, 2]) t.match(await call(world, world.gateway, { agent, headers: told(behind) }), { status: 200 }, `${turn}`)
    world.ca.revoke(behind, { reason: 'keyCompromise' })
    world.credentials.update({ crl: (await world.ca.crl()).pem })
    for (const turn of [1, 2]) t.match(await call(world, world.gateway, { agent, headers: told(behind) }), { ...REFUSED, reused: true }, `${turn}`)
    t.match(await call(world, world.gateway, { agent, headers: told(other) }), { status: 200 }, 'the gateway and its other clients stay')
    t.match(world.refused, [{ reason: 'revoked' }, { reason: 'revoked' }])
    agent.destroy()
  })
}

test('HTTP/2: requests of one session are each who their own header says', async (t) => {
  const world = await startBehind(t, {}, { settings: { http2: true } as any })
  const people = await Promise.all(['one', 'two', 'three'].map(async (cn) => await world.ca.issue({ cn })))
  const session = await openSession(world, { cert: world.gateway.chain, key: world.gateway.key })
  const ask = async (headers: object): Promise<unknown> => {
    const stream = session.request({ ':path': '/', ...headers })
    stream.setEncoding('utf8')
    return JSON.parse((await stream.toArray()).join(''))
  }
  const answers = await Promise.all(Array.from({ length: 30 }, async (_, index) => await ask(index % 4 === 3 ? {} : told(people[index % 4]!))))
  t.match(answers, Array.from({ length: 30 }, (_, index) => index % 4 === 3 ? { code: 'MTLS_ERR_PEER_MISSING' } : { cn: ['one', 'two', 'three'][index % 4] }))
  t.match(await ask({ 'client-cert': [told(people[0]!)['client-cert'], told(people[1]!)['client-cert']] as any }), { code: 'MTLS_ERR_FORWARDED_REFUSED' })
  t.match(await callSession(session), { status: 401 })
  session.destroy()
})

test('a second header, another spelling and another format are refused from the gateway too', async (t) => {
  const world = await startBehind(t)
  const behind = await world.ca.issue({ cn: 'behind' })
  const [cert] = Object.values(told(behind))
  for (const [headers, reason] of [
    [{ 'Client-Cert': [cert, cert] }, 'duplicate_header'], [{ client_cert: cert }, 'alias_header'], [{ ...told(behind), Client_Cert: cert }, 'alias_header'], [{ ...told(behind), 'X-Forwarded-Client-Cert': 'Hash=x' }, 'other_format'],
    [{ 'Client-Cert': `${cert}, ${cert}` }, 'malformed'], [{ 'Client-Cert': 'x' }, 'malformed'], [{ 'Client-Cert': ':AAAA:' }, 'unreadable']
  ] as const) {
    t.match(await call(world, world.gateway, { headers: headers as any }), REFUSED, reason)
    t.match(world.refused.at(-1), { reason, peer: { subject: { commonName: 'gateway' } } })
  }
})

test('a policy that wants to know refuses clients of a CA that nobody has lists of', async (t) => {
  const world = await startBehind(t, {}, { crl: true })
  const foreign = await (await createDevCa({ name: 'Foreign' })).issue({ cn: 'foreign' })
  t.match(await call(world, world.gateway, { headers: told(foreign) }), REFUSED)
  t.match(world.refused, [{ reason: 'revocation_unknown' }])
  const without = await startBehind(t)
  t.match(await call(without, without.gateway, { headers: told(foreign) }), { status: 200, body: { cn: 'foreign' } }, 'without lists the gateway alone decides')
})

test('a certificate that a CA of ours issued, and that a check refuses, is told as that', async (t) => {
  const world = await startBehind(t, {}, { crl: true })
  const server = await world.ca.issue({ dns: 'web.example', profile: 'server' })
  t.match(await call(world, world.gateway, { headers: told(server) }), REFUSED)
  t.match(world.refused, [{ reason: 'wrong_purpose', detail: /sha256:.*clientAuth/ }])
})

test('the whole chain up to a root is asked about, whether the gateway passes intermediates on or they are known here', async (t) => {
  const world = await startBehind(t, {}, { crl: true })
  const issuing = await world.ca.intermediate({ name: 'Issuing' })
  const behind = await issuing.issue({ cn: 'behind' })
  t.match(await call(world, world.gateway, { headers: told(behind) }), REFUSED, 'nobody knows who issued it')
  const lists = async (): Promise<object> => ({ ca: world.ca.root + issuing.certificate, crl: (await world.ca.crl()).pem + (await issuing.crl()).pem })
  world.credentials.update(await lists())
  t.match(await call(world, world.gateway, { headers: told(behind, issuing.der) }), { status: 200 })
  t.match(await call(world, world.gateway, { headers: told(behind) }), { status: 200 })
  world.ca.revoke(parsePeerIdentity(issuing.der).serialNumber!)
  world.credentials.update(await lists())
  t.match(await call(world, world.gateway, { headers: told(behind, issuing.der) }), REFUSED)
  t.match(await call(world, world.gateway, { headers: told(behind) }), REFUSED, 'an intermediate among the anchors falls as well')
  t.match(world.refused.map(({ reason }) => reason), ['revocation_unknown', 'revoked', 'revoked'])
})

test('the chain of a gateway\'s client is what leads to a CA in force, whatever the client sent', async (t) => {
  const ca = await createDevCa({ name: 'Root' })
  const issuing = await ca.intermediate({ name: 'Issuing' })
  const elsewhere = await createDevCa({ name: 'Elsewhere' })
  const namesake = await elsewhere.intermediate({ name: 'Issuing' })
  const world = await startBehind(t, {}, { ca, setup: (app) => { app.get('/chain', async ({ peer }: any) => ({ chain: peer.chain?.map(({ subject }: any) => subject.commonName) ?? null })) } })
  const deep = await issuing.issue({ cn: 'deep', profile: 'client' })
  const stranger = await elsewhere.issue({ cn: 'stranger', profile: 'client' })
  for (const [client, sent, chain] of [
    [deep, [issuing.der], ['Issuing', 'Root']], [deep, [namesake.der, issuing.der], ['Issuing', 'Root']], [deep, [issuing.der, ca.der], ['Issuing', 'Root']],
    [deep, [namesake.der], null], [deep, [], null], [stranger, [elsewhere.der], null]
  ] as const) {
    t.match(await call(world, world.gateway, { path: '/chain', headers: told(client, ...sent) }), { status: 200, body: { chain } }, 'which CAs a client may come from is for the gateway to say')
  }
  t.strictSame(world.refused, [])
})

test('the headers are read before the hooks of plugins that came earlier', async (t) => {
  const seen: unknown[] = []
  const world = await startBehind(t)
  const other: any = Fastify(withMtls(world.credentials))
  t.after(async () => { await other.close() })
  other.addHook('onRequest', async (request: any) => { seen.push(request.optionalPeer?.commonName) })
  await other.register(fastifyMtls, { forwarded: { format: 'rfc9440', gateways: trusted } })
  other.get('/', async (request: any) => request.peer.subject.commonName)
  const origin = await other.listen({ host: '127.0.0.1', port: 0 })
  t.match(await call({ origin, ca: world.ca }, world.gateway, { path: '/none' }), { status: 401 })
  t.match(await call({ origin, ca: world.ca }, world.client, { path: '/none' }), { status: 404 })
  t.same(seen, ['client'], 'never the gateway')
})

test('a reader of one\'s own serves as well, also one that answers later', async (t) => {
  const inner = createForwardedReader({ format: 'rfc9440', gateways: trusted })
  let isBroken = false
  const later: ForwardedReader = {
    headerNames: inner.headerNames,
    async read (request) {
      if (isBroken) throw new Error('broken')
      return await inner.read(request)
    }
  }
  const world = await startWorld(t, { plugin: { forwarded: later } })
  const gateway = await world.ca.issue({ cn: 'gateway', spiffe: 'spiffe://a.example/gateway' })
  t.match(await call(world, gateway, { headers: told(world.client) }), { status: 200, body: { cn: 'client' } })
  t.match(await call(world, world.client, { headers: told(world.client) }), REFUSED)
  isBroken = true
  t.match(await call(world, world.client), { status: 500 })
})

test('what a reader of one\'s own promises is awaited, whoever made the promise; what nobody knows is refused', async (t) => {
  const inner = createForwardedReader({ format: 'rfc9440', gateways: trusted })
  let answer: unknown
  const promise = (value: unknown): unknown => ({ then: (resolve: (value: unknown) => void) => { resolve(value) } })
  const odd: ForwardedReader = {
    headerNames: inner.headerNames,
    read: (request) => (answer ?? promise(inner.read(request))) as ReturnType<ForwardedReader['read']>
  }
  const world = await startWorld(t, { plugin: { forwarded: odd } })
  const gateway = await world.ca.issue({ cn: 'gateway', spiffe: 'spiffe://a.example/gateway' })
  t.match(await call(world, gateway, { headers: told(world.client) }), { status: 200, body: { cn: 'client' } })
  t.match(await call(world, world.client, { headers: told(world.client) }), REFUSED)
  for (const unknown of [{ state: 'refuse' }, {}, promise({ state: undefined })]) {
    answer = unknown
    t.match(await call(world, gateway), REFUSED)
  }
})

test('injectAs speaks in the name of a gateway as well', async (t) => {
  const world = await startBehind(t)
  const gateway = parsePeerIdentity(world.gateway.der)
  t.match((await injectAs(world.app, gateway, { url: '/', headers: told(world.client) })).json(), { cn: 'client' })
  t.match((await injectAs(world.app, gateway, '/')).json(), { code: 'MTLS_ERR_PEER_MISSING' })
  t.match((await world.app.inject({ url: '/', headers: told(world.client) })).json(), { code: 'MTLS_ERR_FORWARDED_REFUSED' })
})

test('wrong options are refused when the plugin is registered', async (t) => {
  const world = await startWorld(t)
  const start = async (app: any, options: unknown): Promise<void> => { await app.register(fastifyMtls, options).ready() }
  const gateways = { addresses: ['127.0.0.1'] }
  const { credentials } = world
  await t.rejects(start(Fastify(withMtls(credentials)), { forwarded: { format: 'ngnix', gateways } }), { code: 'MTLS_ERR_FORWARDED_OPTION' })
  await t.rejects(start(Fastify(withMtls(credentials)), { forwarded: 'nginx' }), { code: 'MTLS_ERR_SERVER_OPTION', message: /forwarded is string/ })
  await t.rejects(start(Fastify(withMtls(credentials)), { forwarded: null }), { code: 'MTLS_ERR_SERVER_OPTION', message: /forwarded is null/ })
  await t.rejects(start(Fastify(), { credentials, forwarded: { format: 'nginx', gateways } }), { code: 'MTLS_ERR_SERVER_OPTION', message: /found credentials; expected none/ })
})
