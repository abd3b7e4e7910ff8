import { test } from 'tap'
import { AsyncLocalStorage } from 'node:async_hooks'
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import type { Context, ContextManager } from '@opentelemetry/api'
import Fastify from 'fastify'
import { MockAgent } from 'undici'
import fastifyMtlsClient from '../src/index.ts'
import type { Service } from '../src/index.ts'
import { createLedger } from '@peerkit/test-support/ledger'
import { startServer } from '@peerkit/test-support/listen'

const { server, credentials } = await createLedger()
const ledger = await startServer({
  identity: server,
  handler: (request, response) => { response.end(JSON.stringify(request.headersDistinct)) }
})
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const headers = { traceparent, tracestate: 'vendor=1' }

/** What OpenTelemetry's SDK registers, in few lines. */
const storage = new AsyncLocalStorage<Context>()
const manager: ContextManager = {
  active: () => storage.getStore() ?? ROOT_CONTEXT,
  with: (active, fn, self, ...args) => storage.run(active, () => fn.call(self as any, ...args)) as any,
  bind: (_active, target) => target,
  enable () { return this },
  disable () { return this }
}

async function askThroughApp (options: object, wrap: (call: () => Promise<any>) => Promise<any>): Promise<any> {
  const app = Fastify()
  await app.register(fastifyMtlsClient, { credentials, services: { ledger: { origin: ledger.origin } }, ...options } as any)
  app.get('/', async (incoming) => {
    const service = incoming.mtlsServices['ledger'] as Service
    return await wrap(async () => await (await service.request({ path: '/' })).body.json())
  })
  const { statusCode, body } = await app.inject({ url: '/', headers })
  await app.close()
  return statusCode === 200 ? JSON.parse(body) : body
}

test('the trace context is forwarded once: not where OpenTelemetry has an active span', async (t) => {
  t.teardown(async () => { context.disable(); await ledger.close() })
  const plain = async (call: () => Promise<any>): Promise<any> => await call()
  const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 })
  const traced = async (call: () => Promise<any>): Promise<any> => await context.with(trace.setSpan(context.active(), span), call)
  const forwarded = { traceparent: [traceparent], tracestate: ['vendor=1'] }
  t.match(await askThroughApp({}, plain), forwarded, 'without OpenTelemetry')
  context.setGlobalContextManager(manager)
  t.match(await askThroughApp({}, plain), forwarded, 'without an active span')
  for (const [options, wrap] of [[{}, traced], [{ trace: false }, plain]] as const) {
    const seen = await askThroughApp(options, wrap)
    t.notOk('traceparent' in seen || 'tracestate' in seen)
    t.match(seen['x-request-id'], [/^req-/])
  }
  t.match(await askThroughApp({ services: { ledger: { origin: ledger.origin, headers: { traceparent: 'own' } } } }, traced), { traceparent: ['own'] })
})

test('a trace context that W3C calls invalid is not forwarded', async (t) => {
  const sent = async (traceparent: string): Promise<unknown> => {
    const app = Fastify()
    await app.register(fastifyMtlsClient, { services: { ledger: { origin: 'https://ledger.internal' } }, dispatcher: mock })
    app.get('/', async (incoming) => {
      const service = incoming.mtlsServices['ledger'] as Service
      return await (await service.request({ path: '/' })).body.json()
    })
    const response = await app.inject({ url: '/', headers: { traceparent } })
    await app.close()
    return response.json()['traceparent']
  }
  const mock = new MockAgent()
  mock.disableNetConnect()
  t.teardown(async () => { await mock.close() })
  mock.get('https://ledger.internal').intercept({ path: '/' }).reply(200, ({ headers }) => headers as object).persist()
  t.equal(await sent(traceparent), traceparent)
  const [version, trace, parent, flags] = traceparent.split('-') as [string, string, string, string]
  for (const wrong of [
    `ff-${trace}-${parent}-${flags}`, `${version}-${'0'.repeat(32)}-${parent}-${flags}`, `${version}-${trace}-${'0'.repeat(16)}-${flags}`,
    `${version}-${trace.toUpperCase()}-${parent}-${flags}`, `${version}-${trace}-${parent}`, `${version}-${trace}-${parent}-${flags}x`
  ]) t.equal(await sent(wrong), undefined, wrong)
})
