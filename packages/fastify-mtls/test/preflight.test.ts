import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '@peerkit/credentials'
import { listen, requestDenied } from '@peerkit/events'
import { test } from 'tap'
import type { Test } from 'tap'
import fastifyMtls, { withMtls } from '../src/index.ts'

const headers = { origin: 'https://ui.example', 'access-control-request-method': 'PUT' }

async function serve (t: Test, corsPreflights: boolean): Promise<{ app: FastifyInstance, status (method: 'OPTIONS' | 'PUT', url: string, headers?: Record<string, string>): Promise<number> }> {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
  const app = Fastify(withMtls(memoryCredentials({ cert: chain, key, ca: ca.root }), { mtls: { clientCertificate: 'optional' } })) as unknown as FastifyInstance
  t.teardown(async () => { await app.close() })
  await app.register(fastifyMtls, { corsPreflights })
  // What @fastify/cors adds. test/ecosystem has the real one.
  app.decorateRequest('corsPreflightEnabled', false)
  app.addHook('onRequest', async (request, reply) => {
    const { origin, 'access-control-request-method': method } = request.headers
    if (request.method === 'OPTIONS' && origin === headers.origin && method !== undefined) await reply.code(204).send()
  })
  app.options('*', async () => 'preflight')
  app.options('/strict/*', { config: { clientCertificate: 'required' } }, async () => 'secret')
  app.options('/own', async () => 'secret')
  app.route({ method: ['GET', 'OPTIONS'], url: '/several/*', handler: async () => 'secret' })
  app.put('/*', async () => 'secret')
  return { app, status: async (method, url, headers = {}) => (await app.inject({ method, url, headers })).statusCode }
}

test('only a preflight to the catch-all route needs no certificate', async (t) => {
  const { status } = await serve(t, true)
  t.equal(await status('OPTIONS', '/x', headers), 204)
  t.equal(await status('OPTIONS', '/x', { ...headers, origin: 'https://evil.example' }), 401, 'not answered by the hook')
  t.equal(await status('OPTIONS', '/x', { origin: 'https://ui.example' }), 401)
  t.equal(await status('OPTIONS', '/x', { ...headers, origin: '' }), 401)
  t.equal(await status('OPTIONS', '/own', headers), 401)
  t.equal(await status('OPTIONS', '/strict/x', headers), 401)
  t.equal(await status('OPTIONS', '/several/x', headers), 401, 'a catch-all route that is for other methods too')
  t.equal(await status('PUT', '/x', headers), 401)
  const closed = await serve(t, false)
  t.equal(await closed.status('OPTIONS', '/x', headers), 401)
})

test('a request without a certificate is published as denied', async (t) => {
  const denied: object[] = []
  const { app, status } = await serve(t, true)
  t.equal(await status('PUT', '/quiet'), 401, 'nobody listens')
  const stop = listen({ 'peerkit:request:denied': (message) => { denied.push(message) } }, { server: app.server })
  t.ok(requestDenied.hasSubscribers)
  t.equal(await status('PUT', '/x?token=hush'), 401)
  stop()
  t.match(denied, [{ v: 1, reason: 'no_identity', peer: null, method: 'PUT', path: '/x', route: '/*', nearest: undefined }])
  t.equal(denied.length, 1)
})
