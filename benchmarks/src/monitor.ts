// What events and monitoring add to an allowed request whose verdict is remembered, with live requests over mutual TLS.
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { listen } from '@peerkit/events'
import { startMonitor } from '@peerkit/mtls-monitor'
import type { MonitorOptions } from '@peerkit/mtls-monitor'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import type { Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'
import { connectGuarded } from './live-guard.ts'

const METRICS: readonly Metric[] = [{ key: 'ns', title: 'ns a request', ratio: true }]

export const run: Run = async ({ quick, rounds }) => {
  const loop = quick ? 5_000 : 100_000
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'service' })
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  const guarded = await connectGuarded({
    client: { cn: 'billing-7', ou: 'billing' },
    groups: { billing: { ou: 'billing' } },
    paths: ['/rules'],
    add (app, handler) { app.get('/rules', { config: { allowedClients: ['billing'] } }, handler) }
  })
  // The lines are discarded, so that only the cost of making them counts.
  const log = { info () {}, warn () {}, error () {} }
  const provider = new MeterProvider()
  const meter = provider.getMeter('benchmark')
  const time = (start: () => { close (): void }) => async (): Promise<{ ns: number }> => {
    const heard = start()
    const ns = guarded.time('/rules', loop)
    heard.close()
    return { ns }
  }
  const monitor = (options: Partial<MonitorOptions>) => time(() => startMonitor({ log, credentials, ...options }))
  const contenders = [
    { name: 'the hook, without a subscriber', measure: time(() => ({ close () {} })) },
    {
      name: 'a subscriber of another event (`peerkit:request:denied`)',
      measure: time(() => ({ close: listen({ 'peerkit:request:denied': () => {} }) }))
    },
    {
      name: 'a subscriber of `peerkit:request:allowed`',
      measure: time(() => ({ close: listen({ 'peerkit:request:allowed': () => {} }) }))
    },
    { name: 'the audit log alone', measure: monitor({ meter: false, expiry: false }) },
    { name: 'the monitor, metrics without an SDK', measure: monitor({}) },
    { name: 'the monitor, metrics with the SDK', measure: monitor({ meter }) },
    { name: 'the same, and a line for each allowed request', measure: monitor({ meter, audit: { allowed: true } }) }
  ]
  await compare('Warm-up', METRICS, contenders, 3)
  const section = await compare('Events and monitoring', METRICS, contenders, 3 * rounds)
  await guarded.close()
  await provider.shutdown()
  return [section]
}
