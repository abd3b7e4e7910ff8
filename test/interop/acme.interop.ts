// Pebble, the ACME server of Let's Encrypt for tests: both challenges, profiles, renewal information, and what it refuses.
import { createServer } from 'node:http'
import { test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { rejection } from '@peerkit/test-support/rejection'
import { renewingCredentials } from '@peerkit/credentials'
import { http01Responder } from '@peerkit/issuers/acme'
import { startWorld } from './acme/world.ts'
import { nextChange } from './spire/changes.ts'

const HOUR = 3_600_000
/** The clock of a test jumps by hours while Pebble answers in its own time. */
const SLOW = { timeout: 48 * HOUR }

test('Pebble', { timeout: 240_000 }, async (t) => {
  const world = await startWorld(t, { retryAfter: 1, profiles: { default: 86_400, short: 12 } })
  const { pebble, httpPort, dns01, issuer } = world
  const trust = { ca: pebble.root, chain: 'required', attempts: 1, timeout: 60_000 } as const

  await t.test('http-01 on a listener of its own', async (t) => {
    const source = await renewingCredentials(issuer(), trust)
    const { identity, intermediates, warnings, notAfter } = source.current
    t.same(identity.subjectAltNames?.dns, ['ledger.example'])
    t.equal(intermediates.length, 1)
    t.same(warnings, [])
    t.ok(notAfter - Date.now() > 23 * HOUR)
    const before = identity.serialNumber
    await source.refresh()
    t.not(source.current.identity.serialNumber, before)
    t.match(pebble.output(), /is a replacement of/, 'the order says what it replaces')
    await source.close()
  })

  await t.test("http-01 on the app's own port", async (t) => {
    const http01 = http01Responder()
    const app = createServer((request, response) => { if (!http01.handle(request, response)) response.writeHead(404).end() })
    await new Promise<void>((resolve) => { app.listen(httpPort, '127.0.0.1', resolve) })
    const source = await renewingCredentials(issuer({ names: { dns: ['app.example'] }, challenges: { http01 } }), trust)
    t.same(source.current.identity.subjectAltNames?.dns, ['app.example'])
    await source.close()
    await new Promise((resolve) => app.close(resolve))
  })

  await t.test('dns-01, a wildcard and its name, and an address by http-01', async (t) => {
    const names = { cn: 'shop.example', dns: ['shop.example', '*.shop.example'], ip: ['127.0.0.1'] }
    const source = await renewingCredentials(issuer({
      names, challenges: { dns01, http01: { port: httpPort, host: '127.0.0.1' } }
    }), trust)
    t.same([...source.current.identity.subjectAltNames?.dns ?? []].sort(), ['*.shop.example', 'shop.example'])
    t.same(source.current.identity.subjectAltNames?.ip, ['127.0.0.1'])
    await source.close()
    const byDns = await renewingCredentials(issuer({ names: { dns: names.dns }, challenges: { dns01 } }), trust)
    t.equal(byDns.current.identity.subjectAltNames?.dns.length, 2, 'two records at one name')
    await byDns.close()
  })

  await t.test('a profile of 12 seconds, which renews itself', async (t) => {
    const source = await renewingCredentials(issuer({ profile: 'short', random: () => 0.3 }), { ...trust, retryFirst: 500 })
    const { notAfter } = source.current
    t.ok(notAfter - Date.now() < 13_000)
    await nextChange(source, 'rotated')
    t.ok(source.current.notAfter > notAfter)
    await source.close()
    t.match(await rejection(renewingCredentials(issuer({ profile: 'classic' }), trust)), {
      code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /the option profile is "classic"; expected "default" or "short"/
    })
  })

  await t.test('the CA wants a certificate to be renewed early', async (t) => {
    const clock = new ManualClock()
    // Pebble has the time of the machine, and this clock stands still.
    clock.advance(60_000)
    const source = await renewingCredentials(issuer({ clock: () => clock.now(), random: () => 0.4 }), { ...trust, ...SLOW, clock })
    const first = source.current
    const yesterday = (hours: number): string => new Date(Date.now() - (24 - hours) * HOUR).toISOString()
    await pebble.setRenewalInfo(first.cert, JSON.stringify({ suggestedWindow: { start: yesterday(0), end: yesterday(1) } }))
    const rotated = nextChange(source, 'rotated')
    // The source asks within six hours, in steps of at most one.
    for (let hour = 0; hour < 6; hour += 1) clock.advance(HOUR)
    await rotated
    t.not(source.current.cert, first.cert)
    await source.close()
  })

  await t.test('renewal information that is nonsense costs nothing', async (t) => {
    const clock = new ManualClock()
    // Pebble has the time of the machine, and this clock stands still.
    clock.advance(60_000)
    const source = await renewingCredentials(issuer({ clock: () => clock.now(), random: () => 0.4 }), { ...trust, ...SLOW, clock })
    await pebble.setRenewalInfo(source.current.cert, '{"suggestedWindow": {"start": "never"')
    const rotated = nextChange(source, 'rotated')
    for (let hour = 0; hour < 17; hour += 1) clock.advance(HOUR)
    await rotated
    await source.close()
  })

  await t.test('what it refuses is told by name', async (t) => {
    const nowhere = issuer({ names: { dns: ['ledger.example', 'orders.example'] }, challenges: { http01: { set () {}, remove () {} } } })
    t.match(await rejection(renewingCredentials(nowhere, trust)), {
      cause: { code: 'MTLS_ERR_ISSUER', reason: 'challenge', message: /(?=.*ledger\.example: http-01 failed: )(?=.*orders\.example: http-01 failed: )/ }
    })
    const wrong = issuer({ names: { dns: ['dns.example'] }, challenges: { dns01: { set () {}, remove () {} } } })
    t.match(await rejection(renewingCredentials(wrong, trust)), { cause: { reason: 'challenge', message: /dns\.example: dns-01 failed: unauthorized: / } })
    const stranger = issuer({ ca: undefined })
    t.match(await rejection(renewingCredentials(stranger, trust)), { cause: { reason: 'unreachable', message: /certificate/ } })
  })
})
