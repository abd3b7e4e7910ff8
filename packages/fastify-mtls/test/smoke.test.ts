import { test } from 'tap'
import { once } from 'node:events'
import { subscribe } from 'node:diagnostics_channel'
import http2 from 'node:http2'
import https from 'node:https'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '@peerkit/credentials'
import Fastify from 'fastify'
import fastifyMtls, { injectAs, mtlsServerOptions } from '../src/index.ts'

const ca = await createDevCa()
const server = await ca.issue({ cn: 'server', dns: 'localhost', ip: '127.0.0.1' })

const other = await (await createDevCa()).issue({ cn: 'other' })
const refusals: any[] = []
subscribe('peerkit:handshake:refused', (m) => { refusals.push(m) })

for (const h2 of [false, true]) {
  test(`h2 ${h2}`, async (t) => {
    const client = await ca.issue({ cn: 'client', profile: 'client' })
    const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root, crl: (await ca.crl()).pem })
    const app: any = Fastify(mtlsServerOptions(credentials, { http2: h2 } as any) as any)
    t.teardown(() => app.close())
    await app.register(fastifyMtls, { credentials })
    app.get('/', async (request: any) => ({ cn: request.peer.subject.commonName }))
    await app.listen({ host: '127.0.0.1', port: 0 })
    const origin = app.listeningOrigin
    t.match(origin, /^https/)
    const get = async (tls: object, agent?: https.Agent): Promise<any> => await new Promise((resolve, reject) => {
      const request = https.get(origin, { ...tls, ca: ca.root, agent: agent ?? new https.Agent() }, (response) => {
        let body = ''
        response.on('data', (chunk) => { body += chunk }).on('end', () => { resolve({ status: response.statusCode, body }) })
      })
      request.on('error', reject)
    })
    t.match(await get({ cert: client.chain, key: client.key }), { status: 200, body: '{"cn":"client"}' })
    await t.rejects(get({}))
    await t.rejects(get({ cert: other.chain, key: other.key }))
    t.match(refusals.splice(0), [{ reason: 'no_certificate' }, { reason: 'unknown_ca' }])
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
    t.match(await get({ cert: client.chain, key: client.key }, agent), { status: 200 })
    let session: any
    if (h2) {
      session = http2.connect(origin, { ca: ca.root, cert: client.chain, key: client.key })
      const s = session.request({ ':path': '/' })
      const [headers] = await once(s, 'response')
      t.equal(headers[':status'], 200)
      s.resume()
    }
    ca.revoke(client)
    credentials.update({ crl: (await ca.crl()).pem })
    t.match(await get({ cert: client.chain, key: client.key }, agent), { status: 401, body: /NO_LONGER/ })
    if (h2) {
      const s = session.request({ ':path': '/' })
      const [headers] = await once(s, 'response')
      t.equal(headers[':status'], 401)
      s.resume()
      await once(session, 'close')
    }
    await t.rejects(get({ cert: client.chain, key: client.key }))
    t.match(refusals.splice(0), [{ reason: 'revoked' }])
    t.equal((await app.inject('/')).statusCode, 401)
    t.equal((await injectAs(app, credentials.current.identity, '/')).json().cn, 'server')
    agent.destroy()
  })
}
