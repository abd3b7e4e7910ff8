// Two apps in one process do not hear, silence or count each other.
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import fastifyMtlsClient from '@peerkit/fastify-mtls-client'
import fastifyMtlsConsole from '@peerkit/fastify-mtls-console'
import fastifyMtlsMonitor from '@peerkit/mtls-monitor/fastify'
import { auditLog } from '@peerkit/mtls-monitor'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { compileRules } from '@peerkit/rules'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { once } from 'node:events'
import https from 'node:https'
import { test } from 'tap'
import type { Test } from 'tap'

interface App {
  readonly app: FastifyInstance
  readonly credentials: ReturnType<typeof memoryCredentials>
  readonly lines: any[]
  /** How often a counter was incremented. Empty without the monitor. */
  count (name: string): Promise<number>
  ask (client: IssuedCertificate | undefined, headers?: Record<string, string>): Promise<number | string>
}

async function serve (t: Test, ca: DevCa, cn: string, { monitored = false, visible = false } = {}): Promise<App> {
  const issued = await ca.issue({ cn, ip: '127.0.0.1' })
  const credentials = memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root })
  const lines: any[] = []
  const stream = { write (line: string) { lines.push(JSON.parse(line)) } }
  const app = Fastify(withMtls(credentials, { logger: { level: 'info', stream } })) as unknown as FastifyInstance
  t.teardown(async () => { await app.close() })
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test')
  await app.register(fastifyMtls, { forwarded: { format: 'rfc9440', gateways: { identity: compileRules([{ cn: 'gateway' }]) } } })
  if (monitored) await app.register(fastifyMtlsMonitor, { meter, expiry: false })
  await app.register(fastifyMtlsClient, {
    services: { ledger: { origin: 'https://127.0.0.1:9', allowedServers: { cn: 'other' } } }, connectTimeout: 2_000
  })
  await app.register(fastifyAllowedClients)
  if (visible) await app.register(fastifyMtlsConsole, { allowedClients: { cn: 'operator' }, prefix: '/console' } as any)
  app.get('/', { config: { allowedClients: { ou: 'billing' } } }, async () => cn)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    app,
    credentials,
    lines,
    async count (name) {
      await reader.forceFlush()
      const { scopeMetrics = [] } = exporter.getMetrics().at(-1) ?? {}
      const points = scopeMetrics.flatMap(({ metrics }) => metrics)
        .filter(({ descriptor }) => descriptor.name === name).flatMap(({ dataPoints }): any[] => dataPoints)
      return points.reduce<number>((sum, { value }) => sum + Number(value), 0)
    },
    async ask (client, headers = {}) {
      const options = { headers, ca: ca.root, agent: false, ...(client !== undefined && { cert: client.chain, key: client.key }) }
      try {
        const [response] = await once(https.get(app.listeningOrigin, options), 'response')
        response.resume()
        return response.statusCode
      } catch (error) {
        return String((error as NodeJS.ErrnoException).code)
      }
    }
  }
}

const own = ({ lines }: App, text: string | RegExp): any[] =>
  lines.filter(({ msg, audit }) => audit === undefined && (typeof text === 'string' ? msg === text : text.test(msg)))
const audited = ({ lines }: App, event: string): any[] => lines.filter((line) => line.event === event)

/** Refuses a handshake, a header and a request, and rotates the credentials of one app. */
async function stir (ca: DevCa, { app, ask, credentials }: App): Promise<void> {
  await ask(undefined)
  const client = await ca.issue({ cn: 'web', ou: 'ops' })
  await ask(client)
  await ask(client, { 'client-cert': ':AAAA:' })
  await app.mtlsServices.ledger.request({ path: '/' }).catch(() => {})
  const next = await ca.issue({ cn: 'next', ip: '127.0.0.1' })
  await credentials.update({ cert: next.chain, key: next.key, ca: ca.root })
}

test('an app with a monitor and an app without one log each its own refusals, once', async (t) => {
  const ca = await createDevCa()
  const watched = await serve(t, ca, 'watched', { monitored: true })
  const plain = await serve(t, ca, 'plain')
  await stir(ca, plain)
  for (const text of [/^mTLS handshake/, 'client denied', 'forwarded client certificate refused', 'new credentials in force']) {
    t.equal(own(plain, text).length, 1, `plain: ${String(text)}`)
  }
  t.same(watched.lines.filter(({ audit }) => audit === 1), [], 'the audit log hears nothing of the other app')
  t.same(watched.app.mtls.monitor.issuers(), [])
  for (const name of ['peerkit.handshakes', 'peerkit.requests', 'peerkit.credentials.rotations', 'peerkit.outbound.connections']) {
    t.equal(await watched.count(name), 0, name)
  }
  await stir(ca, watched)
  for (const event of ['handshake:refused', 'request:denied', 'forwarded:refused', 'credentials:rotated', 'outbound:refused']) {
    t.equal(audited(watched, event).length, 1, `watched: ${event}`)
  }
  for (const text of [/^mTLS handshake/, 'forwarded client certificate refused', 'new credentials in force']) {
    t.equal(own(watched, text).length, 0, `watched: ${String(text)}`)
  }
  t.equal(own(plain, 'client denied').length, 1, 'and the other app writes nothing more')
})

test('two apps with monitors count each its own', async (t) => {
  const ca = await createDevCa()
  const [first, second] = [await serve(t, ca, 'first', { monitored: true }), await serve(t, ca, 'second', { monitored: true })]
  const client = await ca.issue({ cn: 'web', ou: 'billing' })
  t.equal(await first.ask(client), 200)
  t.equal(await first.ask(client), 200)
  t.equal(await second.ask(client), 200)
  t.equal(await first.count('peerkit.requests'), 2)
  t.equal(await second.count('peerkit.requests'), 1)
  t.match(first.app.mtls.monitor.issuers(), [{ connections: 2, requests: 2 }])
  t.match(second.app.mtls.monitor.issuers(), [{ connections: 1, requests: 1 }])
})

test('the console shows the clients and refusals of its own app', async (t) => {
  const ca = await createDevCa()
  const shown = await serve(t, ca, 'shown', { visible: true })
  const other = await serve(t, ca, 'other')
  await other.ask(await ca.issue({ cn: 'elsewhere', ou: 'billing' }))
  await other.ask(await ca.issue({ cn: 'stranger', ou: 'ops' }))
  await shown.ask(await ca.issue({ cn: 'present', ou: 'billing' }))
  const operator = await ca.issue({ cn: 'operator' })
  const read = async (path: string): Promise<string> => {
    const [response] = await once(https.get(`${shown.app.listeningOrigin}${path}`, { ca: ca.root, agent: false, cert: operator.chain, key: operator.key }), 'response')
    let text = ''
    for await (const chunk of response) text += String(chunk)
    return text
  }
  const clients = await read('/console/clients')
  t.match(clients, /present/)
  t.notMatch(clients, /elsewhere|stranger/)
  t.notMatch(await read('/console/log'), /stranger/)
})

test('an audit log of the whole process hears every app, and each refusal has one line', async (t) => {
  const ca = await createDevCa()
  const lines: any[] = []
  const write = (line: object): void => { lines.push(line) }
  const audit = auditLog({ info: write, warn: write, error: write })
  t.teardown(() => { audit.close() })
  const [first, second] = [await serve(t, ca, 'first'), await serve(t, ca, 'second')]
  for (const each of [first, second]) {
    await each.ask(undefined)
    t.equal(own(each, /^mTLS handshake/).length, 0)
  }
  t.equal(lines.filter(({ event }) => event === 'handshake:refused').length, 2)
})
