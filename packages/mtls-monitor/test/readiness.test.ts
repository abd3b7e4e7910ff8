import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import type { BundleStatus, CredentialChange, CredentialSource, MemoryCredentials, SourceStatus } from '@peerkit/credentials'
import { watchReadiness } from '../src/expiry/readiness.ts'
import { DAY, mintCredentials } from './support/peers.ts'

test('ready while our own certificate is in its time', async (t) => {
  const { credentials, notAfter } = await mintCredentials()
  let now = Date.now()
  const readiness = watchReadiness({ credentials, now: () => now })
  t.teardown(() => { readiness.close() })
  t.same(readiness.ready(), { ready: true, reasons: [], warnings: [] })
  now = notAfter + 999
  t.same(readiness.ready().reasons, [], 'the second of notAfter is the last in which it is valid')
  now = notAfter + 1_000
  t.same(readiness.ready(), { ready: false, reasons: ['own_certificate_expired'], warnings: [] })
  now = Date.now() - 10 * DAY
  t.same(readiness.ready().reasons, ['own_certificate_not_yet_valid', 'no_anchor_in_time'])
})

test('not ready while our own certificate is withdrawn', async (t) => {
  const { credentials } = await mintCredentials()
  let withdrawn = true
  const source = { ...credentials, subscribe: () => () => {}, get current () { return Object.create(credentials.current, { withdrawn: { value: withdrawn } }) } }
  const readiness = watchReadiness({ credentials: source as unknown as typeof credentials })
  t.same(readiness.ready(), { ready: false, reasons: ['own_certificate_withdrawn'], warnings: [] })
  withdrawn = false
  t.same(readiness.ready(), { ready: true, reasons: [], warnings: [] })
})

test('not ready when a CRL has ended, unless that was said to be no reason', async (t) => {
  const { credentials } = await mintCredentials({ crlLife: DAY })
  const now = (): number => Date.now() + 2 * DAY
  t.same(watchReadiness({ credentials, now }).ready(), { ready: false, reasons: ['crl_expired'], warnings: [] })
  t.same(watchReadiness({ credentials, now, requireCrls: false }).ready(), { ready: true, reasons: [], warnings: ['crl_expired'] })
})

test('a CRL has ended from its nextUpdate on, and one anchor in its time is enough', async (t) => {
  const { credentials, ca, notAfter } = await mintCredentials({ life: 365 * DAY, crlLife: DAY })
  let now = Date.now()
  const readiness = watchReadiness({ credentials, now: () => now })
  t.teardown(() => { readiness.close() })
  const nextUpdate = notAfter - 364 * DAY
  now = nextUpdate - 1
  t.same(readiness.ready().reasons, [])
  now = nextUpdate
  t.same(readiness.ready().reasons, ['crl_expired'])
  const brief = await createDevCa({ name: 'Brief', notAfter: new Date(Date.now() + DAY) })
  now = Date.now()
  credentials.update({ ca: [ca.root, brief.root] })
  now += 2 * DAY
  t.same(readiness.ready().reasons.filter((reason) => reason === 'no_anchor_in_time'), [])
})

test('not ready when rotations are refused for too long, and ready again with the next good one', async (t) => {
  const { credentials, ca, key } = await mintCredentials()
  let now = Date.now()
  const readiness = watchReadiness({ credentials, rotationFailureTolerance: 60_000, now: () => now })
  t.teardown(() => { readiness.close() })
  const foreign = await ca.issue({ cn: 'service' })
  await t.rejects(async () => { await credentials.update({ cert: foreign.chain, key, ca: ca.root }) })
  t.same(readiness.ready(), { ready: true, reasons: [], warnings: ['rotation_refused'] })
  now += 60_001
  t.same(readiness.ready(), { ready: false, reasons: ['rotation_refused'], warnings: [] })
  await credentials.update({ cert: foreign.chain, key: foreign.key, ca: ca.root })
  t.same(readiness.ready(), { ready: true, reasons: [], warnings: [] })
})

test('the time of a refused rotation runs from its first refusal, however often it is refused again', async (t) => {
  const { credentials, ca, key } = await mintCredentials()
  const start = Date.now()
  let now = start
  const readiness = watchReadiness({ credentials, rotationFailureTolerance: 60_000, now: () => now })
  t.teardown(() => { readiness.close() })
  const refuse = async (): Promise<void> => {
    const foreign = await ca.issue({ cn: 'service' })
    await t.rejects(async () => { await credentials.update({ cert: foreign.chain, key, ca: ca.root }) })
  }
  for (const passed of [0, 20_000, 40_000, 60_000]) {
    now = start + passed
    await refuse()
    t.same(readiness.ready(), { ready: true, reasons: [], warnings: ['rotation_refused'] }, `after ${passed} ms`)
  }
  now = start + 60_001
  t.same(readiness.ready().reasons, ['rotation_refused'])
  await refuse()
  t.same(readiness.ready().reasons, ['rotation_refused'], 'a further refusal makes nothing ready')
})

test('of two authorities that are refused, the first refusal counts, and the other one after it recovered', async (t) => {
  const { credentials } = await mintCredentials()
  const subscribe = t.capture(credentials, 'subscribe', () => () => {})
  let now = 1_000_000
  const reasonsOf = (): readonly string[] => readiness.ready().reasons.filter((reason) => reason === 'rotation_refused')
  const readiness = watchReadiness({ credentials, rotationFailureTolerance: 60_000, now: () => now })
  const tell = (subscribe()[0]!.args as unknown as [(change: object) => void])[0]
  tell({ type: 'refused', authority: 'one' })
  now += 50_000
  tell({ type: 'refused', authority: 'two' })
  now += 10_001
  t.same(reasonsOf(), ['rotation_refused'])
  tell({ type: 'recovered', authority: 'one' })
  t.same(reasonsOf(), [])
  now += 50_000
  t.same(reasonsOf(), ['rotation_refused'])
  tell({ type: 'recovered', authority: 'two' })
  t.same(reasonsOf(), [])
})

test('a bad file on every machine takes none of them out of service by default', async (t) => {
  const { credentials, ca, key } = await mintCredentials()
  let now = Date.now()
  const readiness = watchReadiness({ credentials, now: () => now })
  t.teardown(() => { readiness.close() })
  const foreign = await ca.issue({ cn: 'service' })
  await t.rejects(async () => { await credentials.update({ cert: foreign.chain, key, ca: ca.root }) })
  now += 90 * DAY
  t.same(readiness.ready(), { ready: true, reasons: [], warnings: ['rotation_refused'] })
})

test('wrong options are refused by name', async (t) => {
  const { credentials } = await mintCredentials()
  t.throws(() => watchReadiness({ credentials, rotationFailureTolerance: -1 }), { code: 'MTLS_ERR_MONITOR_OPTION', message: /rotationFailureTolerance is -1/ })
  t.throws(() => watchReadiness({} as any), { message: /readiness.credentials/ })
  t.throws(() => watchReadiness({ credentials, crl: true } as any), { message: /unknown option "crl"/ })
})

/** A source whose status is what a test says. */
function withStatus (credentials: MemoryCredentials, status: () => Partial<SourceStatus>): CredentialSource {
  return {
    get current () { return credentials.current },
    subscribe: (listener) => credentials.subscribe(listener),
    close: async () => { await credentials.close() },
    status: () => ({
      kind: 'workload api', origin: 'unix:/agent.sock', state: 'live', since: 0, problem: undefined, bundles: [], ...status()
    })
  }
}

test('a source that was failing before is not ready for as long, and until it is live', async (t) => {
  const { credentials } = await mintCredentials()
  let now = Date.now()
  let state: SourceStatus['state'] = 'failing'
  const since = now - 50_000
  const source = withStatus(credentials, () => ({ state, since, problem: 'the agent is away' }))
  const readiness = watchReadiness({ credentials: source, rotationFailureTolerance: 60_000, now: () => now })
  t.teardown(() => { readiness.close() })
  t.same(readiness.ready().warnings, ['rotation_refused'])
  now += 10_001
  t.same(readiness.ready(), { ready: false, reasons: ['rotation_refused'], warnings: [] })
  state = 'live'
  t.throws(() => credentials.update({ ca: 'none' }))
  credentials.update({ ca: credentials.current.ca })
  t.same(readiness.ready(), { ready: true, reasons: [], warnings: [] })
})

test('a bundle of another trust domain takes nobody out of service', async (t) => {
  const { credentials } = await mintCredentials()
  const bundle: BundleStatus = {
    authority: 'partner.example', origin: 'workload api', sequence: undefined, refreshedAt: 0, nextRefresh: undefined, problem: 'malformed'
  }
  let listener: (change: CredentialChange) => void = () => {}
  const source: CredentialSource = {
    ...withStatus(credentials, () => ({ bundles: [bundle] })),
    subscribe: (given) => {
      listener = given
      return () => {}
    }
  }
  let now = Date.now()
  const readiness = watchReadiness({ credentials: source, rotationFailureTolerance: 1, now: () => now })
  listener({ type: 'refused', error: new Error('malformed'), authority: 'partner.example', snapshot: credentials.current })
  now += DAY
  t.same(readiness.ready(), { ready: true, reasons: [], warnings: ['bundle_refused'] })
  listener({ type: 'refused', error: new Error('x'), authority: undefined, snapshot: credentials.current })
  now += 2
  t.same(readiness.ready(), { ready: false, reasons: ['rotation_refused'], warnings: ['bundle_refused'] })
})

test('not ready when our certificate ends too soon for the operator', async (t) => {
  const { credentials, notAfter } = await mintCredentials()
  let now = notAfter + 1_000 - 60_000
  const readiness = watchReadiness({ credentials, requiredLifetime: 60_000, now: () => now })
  t.teardown(() => { readiness.close() })
  t.same(readiness.ready().reasons, [])
  now += 1
  t.same(readiness.ready(), { ready: false, reasons: ['own_certificate_ends_soon'], warnings: [] })
  now = notAfter + 1_000
  t.same(readiness.ready().reasons, ['own_certificate_expired'], 'one of both')
  t.throws(() => watchReadiness({ credentials, requiredLifetime: -1 }), { message: /requiredLifetime is -1/ })
})

test('not ready when our certificate ends soon and cannot be renewed, if the operator says so', async (t) => {
  const { credentials, notAfter } = await mintCredentials()
  let now = notAfter + 1_000 - 60_001
  let failures = 1
  const status = (): SourceStatus => ({
    kind: 'issuer',
    origin: 'issuer',
    state: 'live',
    since: 0,
    problem: undefined,
    bundles: [],
    renewal: {
      issuer: undefined, issuedBy: undefined, renewedAt: 0, nextRenewal: undefined, failures, failingSince: 0, code: undefined, reason: undefined, store: undefined
    }
  })
  const source = { current: credentials.current, subscribe: () => () => {}, close: async () => {}, status } as unknown as CredentialSource
  const readiness = watchReadiness({ credentials: source, requiredLifetimeIfFailing: 60_000, now: () => now })
  const plain = watchReadiness({ credentials: source, now: () => now })
  t.same(readiness.ready().reasons, [])
  now += 2
  t.same(readiness.ready(), { ready: false, reasons: ['own_certificate_not_renewed'], warnings: [] })
  t.same(plain.ready().reasons, [], 'not unless the operator says so')
  failures = 0
  t.same(readiness.ready().reasons, [], 'nor while renewals succeed')
  t.throws(() => watchReadiness({ credentials: source, requiredLifetimeIfFailing: -1 }), { message: /requiredLifetimeIfFailing is -1/ })
})
