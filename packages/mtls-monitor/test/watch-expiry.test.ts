import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { connectionIdentified, listen, requestAllowed } from '@peerkit/events'
import type { ExpiringMessage } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import { crlChecker } from '@peerkit/revocation'
import type { CrlIndex, RevocationChecker } from '@peerkit/revocation'
import { parsePeerIdentity } from '@peerkit/identity'
import { mock } from 'node:test'
import { test } from 'tap'
import type { Test } from 'tap'
import { compileThresholds, DEFAULT_THRESHOLDS } from '../src/expiry/thresholds.ts'
import { watchExpiry } from '../src/expiry/watch-expiry.ts'
import type { ExpiryOptions } from '../src/expiry/watch-expiry.ts'
import { auditLog } from '../src/audit/audit-log.ts'
import { createLog, DAY, mintCredentials, mintPartner, mintPeer } from './support/peers.ts'

/** What was told, in short. */
function hear (t: Test): string[] {
  const told: string[] = []
  t.teardown(listen({ 'peerkit:expiry:soon': ({ what, name, threshold }: ExpiringMessage) => { told.push(`${what} ${name.split(' ')[0]} ${threshold}`) } }))
  return told
}

function connect (peer: PeerIdentity, time = Date.now()): void {
  connectionIdentified.publish({ v: 1, time, peer, remoteAddress: undefined, resumed: false })
}

test('our own certificate is told of once for each threshold, and once when it has ended', async (t) => {
  const { credentials, notAfter } = await mintCredentials()
  const told = hear(t)
  let now = Date.now()
  const watch = watchExpiry({ credentials, now: () => now })
  t.teardown(() => { watch.close() })
  t.same(told, [])
  for (const left of [31, 29, 28, 6, 5, 0.5, 0.1, 0, -1]) {
    now = notAfter - left * DAY
    watch.check()
  }
  t.same(told, ['own service 30d', 'own service 7d', 'own service 1d', 'own service 0'])
})

test('a monitor that starts late tells of the last threshold alone', async (t) => {
  const { credentials, notAfter } = await mintCredentials()
  const told = hear(t)
  watchExpiry({ credentials, now: () => notAfter - DAY / 2 }).close()
  t.same(told, ['own service 1d'])
})

test('anchors and CRLs are told of too, those of a checker of its own included', async (t) => {
  const { credentials, ca } = await mintCredentials({ crlLife: 7 * DAY })
  const issuer = parsePeerIdentity(ca.der)
  const crl = await ca.crl({ thisUpdate: new Date(), nextUpdate: new Date(Date.now() + 10 * DAY) })
  const revocation = crlChecker({ crls: [crl.pem], issuers: [issuer] })
  t.teardown(async () => { await revocation.close() })
  const told = hear(t)
  watchExpiry({ credentials, now: () => Date.now() + 6.5 * DAY }).close()
  t.same(told, ['crl Own 1d'])
  told.length = 0
  watchExpiry({ credentials, revocation, now: () => Date.now() + 9.5 * DAY }).close()
  t.same(told, ['crl Own 1d'], 'the newer list is the one that counts')
  told.length = 0
  watchExpiry({ credentials, now: () => Date.now() + 3640 * DAY }).close()
  t.ok(told.includes('anchor Own 30d'))
})

test('a CA is told of with its authority, in the message and in the audit line, and so is a client', async (t) => {
  const { credentials, ca, key } = await mintCredentials()
  const { cert } = credentials.current
  const partner = await createDevCa({ name: 'Partner Root', notAfter: new Date(Date.now() + 2 * DAY) })
  const authorities = { internal: { ca: ca.root, names: 'any' }, partner: { ca: partner.root, names: { dns: 'partner.example' } } } as const
  credentials.update({ cert, key, ca: undefined, authorities })
  const { lines, log } = createLog()
  const audit = auditLog(log)
  const watch = watchExpiry({ credentials, now: () => Date.now() + 1.9 * DAY })
  t.teardown(() => { watch.close() })
  connect(await mintPartner('partner', 'Other Root'))
  audit.close()
  t.match(lines.map(({ line }) => line), [{ event: 'expiry:soon', what: 'anchor', peer: /^Partner Root/, authority: 'partner' }])
  t.equal(lines.length, 1, 'the client does not end soon')
  const told: ExpiringMessage[] = []
  t.teardown(listen({ 'peerkit:expiry:soon': (message) => { told.push(message) } }))
  const late = watchExpiry({ credentials, now: () => Date.now() + 4000 * DAY })
  t.teardown(() => { late.close() })
  connect(await mintPartner())
  const heard = told.map((message) => `${message.what} ${(message as ExpiringMessage & { authority?: string }).authority}`)
  t.same([...new Set(heard)].sort(), ['anchor internal', 'anchor partner', 'own undefined', 'peer partner'])
})

test('a rotation makes what is new count, and looks at once', async (t) => {
  const { credentials, ca, notAfter } = await mintCredentials()
  const told = hear(t)
  const watch = watchExpiry({ credentials, now: () => notAfter - DAY / 2 })
  t.teardown(() => { watch.close() })
  const next = await ca.issue({ cn: 'next', notBefore: new Date(Date.now() - 60_000), notAfter: new Date(notAfter + 5 * DAY) })
  await credentials.update({ cert: next.chain, key: next.key, ca: ca.root })
  t.same(told, ['own service 1d', 'own next 7d'])
})

test('it looks again by itself when a threshold passes', async (t) => {
  const { credentials, notAfter } = await mintCredentials()
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: notAfter - 30 * DAY - 10_000 })
  t.teardown(() => { mock.timers.reset() })
  const told = hear(t)
  const watch = watchExpiry({ credentials, now: () => Date.now() })
  t.same(told, [])
  mock.timers.tick(11_000)
  t.same(told, ['own service 30d'])
  watch.close()
  mock.timers.tick(60 * DAY)
  t.equal(told.length, 1, 'nothing is told after close')
  watch.check()
  t.equal(told.length, 1)
})

test('a client is told of once for each certificate and threshold, however often it connects', async (t) => {
  const [ending, fresh] = [await mintPeer({ cn: 'ending', life: 100 * DAY }), await mintPeer({ cn: 'fresh' })]
  const told = hear(t)
  let now = (ending.notAfter ?? 0) - 8 * DAY
  const watch = watchExpiry({ now: () => now })
  t.teardown(() => { watch.close() })
  for (let index = 0; index < 100; index++) {
    connect(ending)
    connect(fresh)
    connect(parsePeerIdentity(ending.raw as Uint8Array))
  }
  now += 7.5 * DAY
  connect(ending)
  t.same(told.map((line) => line.replace(/^peer \S+/, 'peer')), ['peer 30d', 'peer 1d'])
})

test('a connection that stays open for days is looked at where that was asked for', async (t) => {
  const peer = await mintPeer({ life: 100 * DAY })
  const request = { v: 1, time: 0, reason: undefined, rules: undefined, rule: 0, group: undefined, nearest: undefined, requestId: '1', method: 'GET', path: '/', route: '/', remoteAddress: undefined } as const
  const told = hear(t)
  let now = Date.now()
  const options: ExpiryOptions = { now: () => now }
  const [asked, unasked] = [watchExpiry({ ...options, peers: 'requests' }), watchExpiry({ ...options, peers: 'none' })]
  t.teardown(() => { asked.close() })
  connect(peer)
  now = (peer.notAfter ?? 0) - DAY / 2
  requestAllowed.publish({ ...request, peer })
  requestAllowed.publish({ ...request, peer })
  requestAllowed.publish({ ...request, peer: null })
  t.equal(told.length, 1)
  unasked.close()
})

test('memory of clients is bounded: the one not seen for longest is told of again', async (t) => {
  const peers = await Promise.all([1, 2, 3].map(async (index) => await mintPeer({ cn: `c${index}`, life: 100 * DAY })))
  const told = hear(t)
  const watch = watchExpiry({ maxPeers: 2, now: () => (peers[0]?.notAfter ?? 0) - DAY / 2 })
  t.teardown(() => { watch.close() })
  const again = (peer: PeerIdentity | undefined): void => { connect(parsePeerIdentity(peer?.raw as Uint8Array)) }
  for (const peer of peers) again(peer)
  again(peers[2])
  t.equal(told.length, 3)
  again(peers[0])
  t.equal(told.length, 4)
})

test('what lives short is measured by its life, and what is renewed in time is not warned of', async (t) => {
  const boundariesOf = compileThresholds(DEFAULT_THRESHOLDS)
  const of = (days: number): string[] => boundariesOf(0, days * DAY).map(({ threshold, at }) => `${threshold} ${at / DAY}`)
  t.same(of(1), ['1/5 0.8', '1/20 0.95', '0 1'])
  t.same(of(10), ['1d 9', '0 10'])
  t.same(of(90), ['7d 83', '1d 89', '0 90'])
  t.same(boundariesOf(undefined, 0).map(({ threshold }) => threshold), ['30d', '7d', '1d', '0'])
})

test('wrong options are refused by name', async (t) => {
  t.throws(() => watchExpiry({ thresholds: ['soon'] as any }), { code: 'MTLS_ERR_MONITOR_OPTION', message: /expiry.thresholds\[0\] is "soon"/ })
  t.throws(() => watchExpiry({ thresholds: ['3/2'] }), { message: /3\/2/ })
  t.throws(() => watchExpiry({ thresholds: ['1/0'] }), { message: /1\/0/ })
  t.throws(() => watchExpiry({ thresholds: '30d' as any }), { message: /expected a list/ })
  t.throws(() => watchExpiry({ peers: 'all' as any }), { message: /expiry.peers/ })
  t.throws(() => watchExpiry({ credentials: {} as any }), { message: /expiry.credentials is an object without subscribe/ })
  t.throws(() => watchExpiry({ credentials: { subscribe () {} } as any }), { message: /expiry.credentials is a source without a current snapshot/ })
  t.throws(() => watchExpiry({ interval: 0 }), { message: /expiry.interval/ })
})

/** A checker whose lists a test replaces. */
function listChecker (...lists: CrlIndex[]): { checker: RevocationChecker, replace: (...lists: CrlIndex[]) => void } {
  const listeners = new Set<() => void>()
  const checker = {
    lists,
    subscribe (listener: () => void) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    }
  }
  const replace = (...next: CrlIndex[]): void => {
    checker.lists = next
    for (const listener of listeners) listener()
  }
  return { checker: checker as unknown as RevocationChecker, replace }
}

const listOf = async (ca: DevCa, days: number, since = 0): Promise<CrlIndex> => {
  const crl = await ca.crl({ thisUpdate: new Date(Date.now() - since * DAY), nextUpdate: new Date(Date.now() + days * DAY) })
  const checker = crlChecker({ crls: [crl.pem], issuers: [parsePeerIdentity(ca.der)] })
  return checker.lists[0] as CrlIndex
}

test('lists that change are looked at when they do', async (t) => {
  const ca = await createDevCa({ name: 'Lists' })
  const { checker, replace } = listChecker(await listOf(ca, 60, 40))
  const told = hear(t)
  const watch = watchExpiry({ revocation: checker })
  t.same(told, [])
  replace(await listOf(ca, 0.5, 30))
  t.same(told, ['crl Lists 1d'])
  watch.close()
  replace(await listOf(ca, 0.1, 29))
  t.equal(told.length, 1)
})

test('lists of two CAs with one name are two: the newer does not hide the other', async (t) => {
  const [one, other] = [await createDevCa({ name: 'Same' }), await createDevCa({ name: 'Same' })]
  const { checker } = listChecker(await listOf(one, 0.5, 30), await listOf(other, 60))
  const told = hear(t)
  watchExpiry({ revocation: checker }).close()
  t.same(told, ['crl Same 1d'])
})

test('a watch that is closed reads the clock no more', async (t) => {
  const { credentials } = await mintCredentials()
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  let read = 0
  const watch = watchExpiry({ credentials, now: () => { read += 1; return Date.now() } })
  watch.close()
  read = 0
  mock.timers.tick(7 * DAY)
  t.equal(read, 0)
})
