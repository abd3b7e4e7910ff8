import { test } from 'tap'
import type { Test } from 'tap'
import { once } from 'node:events'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { LEDGER, createLedger } from '@peerkit/test-support/ledger'
import { startServer } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'
import fastifyMtlsClient from '../src/index.ts'
import type { Service, ServiceOptions, ServiceQuestion } from '../src/index.ts'

const { ca, server, credentials } = await createLedger()
const other = await ca.issue({ cn: 'other', ip: '127.0.0.1', spiffe: 'spiffe://prod.example/other' })

async function createApp (t: Test, service: ServiceOptions, name = 'ledger'): Promise<{ app: FastifyInstance, ledger: Service }> {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(fastifyMtlsClient, { credentials, services: { [name]: service } })
  return { app, ledger: app.mtlsServices[name] as Service }
}

const text = async (service: Service): Promise<string> => await (await service.request({ path: '/entries' })).body.text()

test('a service is named by its SPIFFE ID, and a function says where it is', async (t) => {
  const [first, second] = [await startServer({ identity: server }), await startServer({ identity: server })]
  t.teardown(async () => { await second.close() })
  const questions: ServiceQuestion[] = []
  let at = first.origin
  const { ledger } = await createApp(t, {
    spiffeId: LEDGER,
    basePath: '/v1',
    resolve: async (question) => {
      questions.push(question)
      return at
    }
  })
  t.match(ledger, { origin: 'https://ledger.service.invalid', expects: `SPIFFE ID is "${LEDGER}"` })
  t.equal(await text(ledger), '/v1/entries')
  t.equal(await (await ledger.fetch('/fetched')).text(), '/v1/fetched')
  t.match(questions, [{ name: 'ledger', spiffeId: LEDGER, signal: AbortSignal }])
  at = second.origin
  await first.close()
  t.equal(await text(ledger), '/v1/entries', 'it has moved')
  t.match(await ledger.ready(), { statusCode: 200, server: { spiffeId: LEDGER } })
})

test('a server with another SPIFFE ID at the address is refused', async (t) => {
  const squatter = await startServer({ identity: other })
  t.teardown(async () => { await squatter.close() })
  const { app, ledger } = await createApp(t, { spiffeId: LEDGER, resolve: () => squatter.origin })
  app.get('/', async () => await text(ledger))
  t.match(await rejection(text(ledger)), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'rules' })
  t.equal((await app.inject('/')).statusCode, 502)
  t.same(squatter.seen, [])
})

test('a resolver that fails or never answers ends the call, and a close of the app does not wait for ever', async (t) => {
  const { ledger: failing } = await createApp(t, { spiffeId: LEDGER, resolve: () => { throw new Error('away') } })
  t.match(await rejection(text(failing)), { statusCode: 502, message: /the resolver failed: away/ })
  let asked: (question: ServiceQuestion) => void = () => {}
  const question = new Promise<ServiceQuestion>((resolve) => { asked = resolve })
  const { app, ledger } = await createApp(t, {
    spiffeId: LEDGER,
    connectTimeout: 100,
    resolve: async (given) => {
      asked(given)
      return await new Promise<string>(() => {})
    }
  })
  const held = setInterval(() => {}, 1_000)
  t.teardown(() => { clearInterval(held) })
  const call = rejection(text(ledger))
  const { signal } = await question
  const aborted = once(signal, 'abort')
  await Promise.all([app.close(), aborted])
  t.match(await call, { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'timeout' })
})

test('a SPIFFE ID is enough beside an origin, and the host of an origin may differ from the address', async (t) => {
  const ledger = await startServer({
    identity: server, handler: (request, response) => { response.end(request.headers.host) }
  })
  t.teardown(async () => { await ledger.close() })
  const plain = await createApp(t, { origin: ledger.origin, spiffeId: LEDGER })
  t.equal(await text(plain.ledger), `127.0.0.1:${ledger.port}`)
  const resolved = await createApp(t, { origin: 'https://ledger.internal', spiffeId: LEDGER, resolve: () => ledger.origin })
  t.equal(await text(resolved.ledger), 'ledger.internal')
  for (const [name, host] of [['ledgerEU_1', 'ledgereu-1'], ['--', 'service'], ['é', 'service']] as const) {
    const { ledger: named } = await createApp(t, { spiffeId: LEDGER, resolve: () => ledger.origin }, name)
    t.equal(await text(named), `${host}.service.invalid`)
  }
})

test('options of such services are checked at start', async (t) => {
  const resolve = (): string => 'https://127.0.0.1'
  const cases: Array<[object, RegExp]> = [
    [{ spiffeId: LEDGER }, /services\.ledger\.origin is missing; expected an https origin, or the option resolve/],
    [{ resolve }, /services\.ledger\.origin is missing; expected the option spiffeId, since there is no host name/],
    [{ spiffeId: LEDGER, allowedServers: { cn: 'a' }, resolve }, /services\.ledger: found spiffeId and allowedServers; expected only one/],
    [{ spiffeId: 'spiffe://prod.example', resolve }, /services\.ledger\.spiffeId is "spiffe:\/\/prod\.example"; expected a SPIFFE ID such as/],
    [{ spiffeId: 'spiffe://prod.example/*', resolve }, /services\.ledger\.spiffeId is/],
    [{ spiffeId: LEDGER, resolve: 'x' }, /services\.ledger\.resolve is "x"; expected a function/],
    [{ spiffeId: LEDGER, resolve, socketPath: '/x' }, /services\.ledger: found resolve and socketPath/],
    [{ spiffeId: LEDGER, resolve, resolveTtl: -5 }, /services\.ledger\.resolveTtl is -5/]
  ]
  for (const [service, message] of cases) {
    const app = Fastify()
    const refused = app.register(fastifyMtlsClient, { credentials, services: { ledger: service } as any })
    t.match(await rejection(Promise.resolve(refused)), { message }, String(message))
    await app.close()
  }
})
