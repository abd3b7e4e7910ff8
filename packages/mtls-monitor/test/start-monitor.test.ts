import { connectionIdentified, eventNames, requestAllowed } from '@peerkit/events'
import { channel } from 'node:diagnostics_channel'
import { test } from 'tap'
import { startMonitor } from '../src/start-monitor.ts'
import { createLog, DAY, mintCredentials, mintPeer } from './support/peers.ts'

const listening = (): string[] => eventNames.filter((name) => channel(name).hasSubscribers)

test('one call watches all of it, and close ends all of it', async (t) => {
  const { credentials, notAfter } = await mintCredentials()
  const { lines, log } = createLog()
  const monitor = startMonitor({ log, credentials, now: () => notAfter - DAY / 2 })
  t.match(lines, [{ text: 'certificate or CRL expires soon', line: { what: 'own', threshold: '1d' } }], 'what is near its end at the start is told of')
  t.same(monitor.ready(), { ready: true, reasons: [], warnings: [] })
  t.equal(await monitor.healthCheck(), true)
  t.ok(listening().length > 10)
  monitor.audit?.flush()
  monitor.close()
  monitor.close()
  t.same(listening(), [])
})

test('is anyone still calling with the old CA', async (t) => {
  const [old, fresh] = [await mintPeer({ cn: 'old', ca: 'Old CA' }), await mintPeer({ cn: 'new', ca: 'New CA' })]
  const { credentials } = await mintCredentials()
  const monitor = startMonitor({ log: createLog().log, credentials, audit: false, meter: false, expiry: false })
  t.teardown(() => { monitor.close() })
  const request = { v: 1, reason: undefined, rules: undefined, rule: 0, group: undefined, nearest: undefined, requestId: '1', method: 'GET', path: '/', route: '/', remoteAddress: undefined } as const
  connectionIdentified.publish({ v: 1, time: 1, peer: old, remoteAddress: undefined, resumed: false })
  connectionIdentified.publish({ v: 1, time: 2, peer: fresh, remoteAddress: undefined, resumed: false })
  requestAllowed.publish({ ...request, time: 3, peer: old })
  requestAllowed.publish({ ...request, time: 3, peer: null })
  t.same(monitor.issuers(), [
    { issuer: String(old.issuer), anchor: String(old.issuer), connections: 1, requests: 1, firstSeen: 1, lastSeen: 3, lastPeer: old.toString() },
    { issuer: String(fresh.issuer), anchor: String(fresh.issuer), connections: 1, requests: 0, firstSeen: 2, lastSeen: 2, lastPeer: fresh.toString() }
  ])
})

test('wrong options are refused, and nothing is left running', async (t) => {
  const { credentials } = await mintCredentials()
  const { log } = createLog()
  t.throws(() => startMonitor({ log, credentials, audits: {} } as any), { code: 'MTLS_ERR_MONITOR_OPTION', message: /unknown option "audits" for startMonitor; did you mean "audit"\?/ })
  t.throws(() => startMonitor({ log, credentials, expiry: { thresholds: ['x' as any] } }), { message: /expiry.thresholds/ })
  t.throws(() => startMonitor({ log, credentials, readiness: { x: 1 } as any }), { message: /unknown option "x" for readiness/ })
  t.throws(() => startMonitor({ log, credentials: Promise.resolve(credentials) as any }), { message: /credentials is a Promise \(await it\)/ })
  t.throws(() => startMonitor({ log: undefined as any, credentials }), { message: /log is missing; expected an object with info\(\)/ })
  t.same(listening(), [])
})
