import type { BundleStatus, CredentialSource, RenewalStatus, SourceStatus } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { connectionEnded, connectionIdentified, credentialsRefused, credentialsRotated, expirySoon, forwardedRefused, forwardedStripped, handshakeRefused, outboundIdentified, outboundRefused, requestAllowed, requestDenied, requestWouldDeny, revocationFailed, revocationRefreshed, revocationSoftPassed, rulesRefused, rulesReloaded } from '@peerkit/events'
import type { RequestJudgedMessage } from '@peerkit/events'
import { createPartialIdentity, limitPeerIdentity, parseDistinguishedName } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import type { Test } from 'tap'
import { watchReadiness } from '../src/expiry/readiness.ts'
import { metricCatalogue } from '../src/metrics/metric-catalogue.ts'
import { recordMetrics } from '../src/metrics/record-metrics.ts'
import type { MetricsOptions } from '../src/metrics/record-metrics.ts'
import { DAY, mintCredentials, mintPartner, mintPeer } from './support/peers.ts'
import { startPrometheus } from './support/prometheus.ts'
import type { Scrape } from './support/prometheus.ts'

const stamp = { v: 1, time: 0 } as const

function start (t: Test, options: MetricsOptions = {}): Scrape {
  const prometheus = startPrometheus()
  const recorder = recordMetrics({ meter: prometheus.meter, ...options })
  t.teardown(async () => {
    recorder.close()
    await prometheus.close()
  })
  return prometheus
}

function judged (peer: PeerIdentity | null, more: Partial<RequestJudgedMessage> = {}): RequestJudgedMessage {
  return { ...stamp, reason: undefined, rules: undefined, rule: 0, group: undefined, nearest: undefined, peer, requestId: '1', method: 'GET', path: '/', route: '/', remoteAddress: undefined, ...more }
}

function refuse (reason: any, resumed = false): void {
  handshakeRefused.publish({ ...stamp, reason, code: undefined, detail: undefined, peer: undefined, fingerprint256: undefined, remoteAddress: undefined, remotePort: undefined, alpnProtocol: undefined, protocol: undefined, resumed, durationMs: 2 })
}

test('handshakes are counted by result, and judgements timed', async (t) => {
  const peer = await mintPeer()
  const { sample } = start(t)
  connectionIdentified.publish({ ...stamp, peer, remoteAddress: undefined, resumed: true, durationMs: 3 })
  connectionIdentified.publish({ ...stamp, peer, remoteAddress: undefined, resumed: false, durationMs: 3 })
  refuse('expired')
  refuse('revoked', true)
  connectionEnded.publish({ ...stamp, reason: 'revoked', detail: undefined, peer, remoteAddress: undefined })
  t.equal(await sample('peerkit_handshakes_total', { peerkit_result: 'accepted', peerkit_resumed: 'true' }), 1)
  t.equal(await sample('peerkit_handshakes_total', { peerkit_result: 'refused', error_type: 'expired', peerkit_resumed: 'false' }), 1)
  t.equal(await sample('peerkit_handshakes_total', { peerkit_result: 'refused', error_type: 'revoked', peerkit_resumed: 'true' }), 1)
  t.equal(await sample('peerkit_handshake_judgement_duration_count', { peerkit_result: 'accepted' }), 2)
  t.equal(await sample('peerkit_handshake_judgement_duration_sum', { peerkit_result: 'refused' }), 0.004)
  t.equal(await sample('peerkit_connections_ended_total', { error_type: 'revoked' }), 1)
})

test('the detail of a refusal is no label: a refused client may choose its texts', async (t) => {
  const peer = await mintPeer()
  const { scrape } = start(t)
  const certificate = { subject: 'CN=chosen', serialNumber: '4f2a', fingerprint256: 'chosen' }
  const detail = { step: 'name_constraint', message: 'CN=chosen breaks a constraint', certificate, why: 'chosen' }
  const common = { ...stamp, reason: 'bad_chain', detail, remoteAddress: undefined } as const
  connectionEnded.publish({ ...common, peer })
  handshakeRefused.publish({
    ...common, code: undefined, peer: undefined, fingerprint256: undefined, remotePort: undefined, alpnProtocol: undefined, protocol: undefined, resumed: false
  })
  const text = await scrape()
  t.match(text, 'error_type="bad_chain"')
  t.notMatch(text, /chosen|name_constraint/)
})

test('requests are counted by decision and group, verdicts by whether they were remembered', async (t) => {
  const peer = await mintPeer({ ca: 'Old CA' })
  const { sample } = start(t)
  requestAllowed.publish(judged(peer, { group: 'billing', durationMs: 4, cached: false }))
  requestAllowed.publish(judged(peer, { group: 'billing', durationMs: 0.001, cached: true }))
  requestAllowed.publish(judged(peer))
  requestDenied.publish(judged(null, { reason: 'no_identity', durationMs: 1, cached: false }))
  requestWouldDeny.publish(judged(peer, { reason: 'no_match' }))
  t.equal(await sample('peerkit_requests_total', { peerkit_decision: 'allowed', peerkit_group: 'billing' }), 2)
  t.equal(await sample('peerkit_requests_total', { peerkit_decision: 'allowed', peerkit_group: 'none' }), 1)
  t.equal(await sample('peerkit_requests_total', { peerkit_decision: 'denied', error_type: 'no_identity' }), 1)
  t.equal(await sample('peerkit_requests_total', { peerkit_decision: 'would_deny', error_type: 'no_match' }), 1)
  t.equal(await sample('peerkit_verdicts_total', { peerkit_cache: 'hit' }), 1)
  t.equal(await sample('peerkit_verdicts_total', { peerkit_cache: 'miss' }), 2)
  t.equal(await sample('peerkit_verdict_duration_sum', { peerkit_decision: 'allowed' }), 0.004)
  t.equal(await sample('peerkit_requests_by_issuer_total', { peerkit_issuer: String(peer.issuer).replaceAll('\\', '\\\\') }), 3)
})

test('connections and requests are counted by authority, and by none where nobody was identified', async (t) => {
  const [partner, plain] = [await mintPartner(), await mintPeer()]
  const { sample } = start(t)
  connectionIdentified.publish({ ...stamp, peer: partner, remoteAddress: undefined, resumed: false })
  connectionIdentified.publish({ ...stamp, peer: plain, remoteAddress: undefined, resumed: false })
  refuse('outside_authority')
  connectionEnded.publish({ ...stamp, reason: 'outside_authority', detail: undefined, peer: partner, remoteAddress: undefined })
  connectionEnded.publish({ ...stamp, reason: 'blocked', detail: undefined, peer: null, remoteAddress: undefined })
  for (const group of ['billing', 'billing', undefined]) requestAllowed.publish(judged(partner, { group }))
  requestAllowed.publish(judged(plain, { group: 'billing' }))
  requestDenied.publish(judged(partner, { reason: 'no_match' }))
  requestDenied.publish(judged(null, { reason: 'no_identity' }))
  requestWouldDeny.publish(judged(partner, { reason: 'no_match' }))
  const of = async (name: string, authority: string, more: Record<string, string>): Promise<number | undefined> => {
    return await sample(`peerkit_${name}_total`, { peerkit_authority: authority, ...more })
  }
  t.equal(await of('handshakes', 'partner', { peerkit_result: 'accepted' }), 1)
  t.equal(await of('handshakes', 'none', { peerkit_result: 'accepted' }), 1)
  t.equal(await of('handshakes', 'none', { error_type: 'outside_authority' }), 1)
  t.equal(await of('connections_ended', 'partner', { error_type: 'outside_authority' }), 1)
  t.equal(await of('connections_ended', 'none', { error_type: 'blocked' }), 1)
  t.equal(await of('requests', 'partner', { peerkit_group: 'billing' }), 2)
  t.equal(await of('requests', 'partner', { peerkit_group: 'none' }), 1)
  t.equal(await of('requests', 'none', { peerkit_group: 'billing' }), 1)
  t.equal(await of('requests', 'partner', { peerkit_decision: 'denied' }), 1)
  t.equal(await of('requests', 'none', { error_type: 'no_identity' }), 1)
  t.equal(await of('requests', 'partner', { peerkit_decision: 'would_deny' }), 1)
})

test('authorities beyond the bound are one', async (t) => {
  const peer = await mintPeer()
  const { scrape, sample } = start(t)
  for (let index = 0; index < 70; index++) requestAllowed.publish(judged(limitPeerIdentity(peer, `partner-${index}`, []), { group: 'billing' }))
  t.equal(await sample('peerkit_requests_total', { peerkit_authority: 'partner-49' }), 1)
  t.equal(await sample('peerkit_requests_total', { peerkit_authority: 'other' }), 20)
  t.equal((await scrape()).match(/^peerkit_requests_total\{peerkit_decision="allowed",peerkit_group="billing"/gm)?.length, 51)
})

test('the time that is left of a CA is told by authority, however equal the names', async (t) => {
  const { credentials, ca, key } = await mintCredentials()
  const notAfter = Math.floor(Date.now() / 1000) * 1000 + 30 * DAY
  const partner = await createDevCa({ name: 'Own CA', notAfter: new Date(notAfter) })
  const authorities = { internal: { ca: ca.root, names: 'any' }, partner: { ca: partner.root, names: { dns: 'partner.example' } } } as const
  credentials.update({ cert: credentials.current.cert, key, ca: undefined, authorities })
  const now = Date.now()
  const { sample } = start(t, { credentials, now: () => now })
  const left = async (authority: string, kind = 'anchor'): Promise<number | undefined> => {
    return await sample('peerkit_expiry_remaining', { peerkit_kind: kind, peerkit_authority: authority })
  }
  t.equal(await left('partner'), (notAfter + 1_000 - now) / 1000)
  t.ok((await left('internal') ?? 0) > 3_000 * DAY / 1000)
  t.type(await left('none', 'own'), 'number')
  t.equal(await left('none'), undefined)
})

test('the time that is left is read when it is asked for', async (t) => {
  const { credentials, ca, key, notAfter } = await mintCredentials({ crlLife: 7 * DAY })
  let now = Date.now()
  const clock = (): number => now
  const readiness = watchReadiness({ credentials, now: clock })
  const { sample } = start(t, { credentials, readiness, now: clock })
  t.equal(await sample('peerkit_expiry_remaining', { peerkit_kind: 'own', peerkit_name: 'service' }), (notAfter + 1_000 - now) / 1000)
  t.ok(await sample('peerkit_expiry_remaining', { peerkit_kind: 'anchor', peerkit_name: 'Own CA' }))
  t.ok(await sample('peerkit_expiry_remaining', { peerkit_kind: 'crl', peerkit_name: 'Own CA' }))
  t.equal(await sample('peerkit_credentials_start_time'), (credentials.current.identity.notBefore ?? 0) / 1000)
  t.equal(await sample('peerkit_credentials_generation'), 1)
  t.equal(await sample('peerkit_ready'), 1)
  const next = await ca.issue({ cn: 'next' })
  await credentials.update({ cert: next.chain, key: next.key, ca: ca.root })
  t.not(key, next.key)
  t.equal(await sample('peerkit_credentials_generation'), 2)
  now = notAfter + 5_000 * DAY
  t.ok((await sample('peerkit_expiry_remaining', { peerkit_kind: 'own', peerkit_name: 'next' }) ?? 0) < 0)
  t.equal(await sample('peerkit_ready'), 0)
})

test('counters start at 0 for their known labels, so that increase() sees the first event', async (t) => {
  const { credentials, ca, key } = await mintCredentials()
  const partner = (await createDevCa({ name: 'Partner' })).root
  const { sample, scrape } = start(t, { credentials, thresholds: ['14d', '1/3'] })
  const first: Array<[string, Record<string, string>, () => void]> = [
    ['handshakes', { peerkit_result: 'refused', error_type: 'expired', peerkit_resumed: 'false', peerkit_authority: 'none' }, () => { refuse('expired') }],
    ['forwarded_rejected', { peerkit_result: 'refused', error_type: 'untrusted_sender' }, () => { forwardedRefused.publish({ ...stamp, reason: 'untrusted_sender', detail: undefined, header: 'client-cert', peer: null, remoteAddress: undefined }) }],
    ['forwarded_rejected', { peerkit_result: 'stripped', error_type: 'untrusted_sender' }, () => { forwardedStripped.publish({ ...stamp, reason: 'untrusted_sender', detail: undefined, header: 'client-cert', peer: null, remoteAddress: undefined }) }],
    ['requests', { peerkit_decision: 'denied', error_type: 'no_identity', peerkit_authority: 'none' }, () => { requestDenied.publish(judged(null, { reason: 'no_identity' })) }],
    ['credentials_rotations', { peerkit_result: 'refused', error_type: 'key_mismatch' }, () => { credentialsRefused.publish({ ...stamp, code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch', message: 'x', generation: 2 }) }],
    ['rules_reloads', { peerkit_result: 'refused' }, () => { rulesRefused.publish({ ...stamp, file: 'f', generation: 2, error: new Error('x') }) }],
    ['expiry_warnings', { peerkit_kind: 'own', peerkit_threshold: '14d' }, () => { expirySoon.publish({ ...stamp, what: 'own', name: 'x', issuer: undefined, serialNumber: undefined, fingerprint256: undefined, notAfter: 0, left: 0, threshold: '14d' }) }],
    ['expiry_warnings', { peerkit_kind: 'crl', peerkit_threshold: '0' }, () => { expirySoon.publish({ ...stamp, what: 'crl', name: 'x', issuer: undefined, serialNumber: undefined, fingerprint256: undefined, notAfter: 0, left: 0, threshold: '0' }) }],
    ['revocation_refreshes', { peerkit_source: 'ocsp', peerkit_result: 'refused' }, () => { revocationFailed.publish({ ...stamp, source: 'ocsp', code: undefined, reason: undefined, message: undefined }) }],
    ['revocation_soft_passes', {}, () => { revocationSoftPassed.publish({ ...stamp, why: 'no_crl', issuer: undefined, serialNumber: undefined, fingerprint256: undefined }) }]
  ]
  for (const [name, labels] of first) t.equal(await sample(`peerkit_${name}_total`, labels), 0, name)
  const series = (await scrape()).match(/^peerkit_\w+_total\b/gm)?.length
  for (const [name, labels, happen] of first) {
    happen()
    t.equal(await sample(`peerkit_${name}_total`, labels), 1, name)
  }
  t.equal((await scrape()).match(/^peerkit_\w+_total\b/gm)?.length, series, 'no event made a series')
  t.equal(await sample('peerkit_connections_ended_total', { peerkit_authority: 'default', error_type: 'revoked' }), 0)
  const authorities = { internal: { ca: ca.root, names: 'any' }, partner: { ca: partner, names: { dns: 'partner.example' } }, upstream: { ca: (await createDevCa()).root, names: 'any', for: 'servers' } } as const
  credentials.update({ cert: credentials.current.cert, key, ca: undefined, authorities })
  t.equal(await sample('peerkit_requests_total', { peerkit_authority: 'partner', error_type: 'no_match' }), 0, 'an authority that came later')
  t.equal(await sample('peerkit_requests_total', { peerkit_authority: 'upstream' }), undefined, 'an authority of servers')
})

/** Our credentials as a source of SPIFFE tells of itself. */
async function mintSource (
  state: SourceStatus['state'], bundles: readonly BundleStatus[], renewal?: RenewalStatus
): Promise<CredentialSource> {
  const { credentials } = await mintCredentials()
  const status = {
    kind: 'workload api', origin: 'unix:/agent.sock', state, since: 0, problem: undefined, bundles, renewal
  }
  return {
    get current () { return credentials.current },
    subscribe: (listener) => credentials.subscribe(listener),
    close: async () => { await credentials.close() },
    status: () => status
  }
}

const bundle = (authority: string, more: Partial<BundleStatus> = {}): BundleStatus => {
  const none = { sequence: undefined, refreshedAt: undefined, nextRefresh: undefined, problem: undefined }
  return { authority, origin: 'https://bundle.example', ...none, ...more }
}

test('the state of the source and the age of its bundles', async (t) => {
  const now = Date.now()
  const credentials = await mintSource('failing', [
    bundle('own.example', { refreshedAt: now - 5_000, sequence: 7, nextRefresh: now + 60_000 }),
    bundle('partner.example', { problem: 'HTTP 500', nextRefresh: now - 1_000 })
  ])
  const { sample } = start(t, { credentials, now: () => now })
  t.equal(await sample('peerkit_source_failing', { peerkit_kind: 'workload api' }), 1)
  const of = async (metric: string, authority = 'own.example'): Promise<number | undefined> => {
    return await sample(`peerkit_bundle_${metric}`, { peerkit_authority: authority })
  }
  t.same([await of('age'), await of('sequence'), await of('next_refresh'), await of('failing')], [5, 7, 60, 0])
  t.same([await of('age', 'partner.example'), await of('sequence', 'partner.example')], [undefined, undefined])
  t.same([await of('next_refresh', 'partner.example'), await of('failing', 'partner.example')], [-1, 1])
})

const renewed: RenewalStatus = {
  issuer: 'OpenBao at bao.example/pki',
  issuedBy: 'CN=Own',
  renewedAt: 0,
  nextRenewal: 0,
  failures: 0,
  failingSince: undefined,
  code: undefined,
  reason: undefined,
  store: { name: 'identity.json', problem: undefined }
}

test('the renewals of the certificate: who is asked, when, and how often that failed', async (t) => {
  const now = Date.now()
  let status: RenewalStatus = { ...renewed, renewedAt: now - 60_000, nextRenewal: now + 5_000 }
  const { credentials } = await mintCredentials()
  const source = { ...await mintSource('live', []), current: credentials.current, status: () => ({ kind: 'issuer', origin: 'x', state: 'live' as const, since: 0, problem: undefined, bundles: [], renewal: status }) }
  const { sample, scrape } = start(t, { credentials: source, now: () => now })
  const of = async (metric: string, more: object = {}): Promise<number | undefined> => {
    return await sample(`peerkit_renewal_${metric}`, { peerkit_issuer: 'OpenBao at bao.example/pki', ...more })
  }
  t.same([await of('age'), await of('next'), await of('failures', { error_type: 'none' }), await of('failing_for'), await of('store_failing')], [60, 5, 0, 0, 0])
  status = { ...status, nextRenewal: now - 2_000, failures: 3, failingSince: now - 30_000, code: 'MTLS_ERR_ISSUER', store: { name: 'x', problem: 'full' } }
  t.same([await of('next'), await of('failures', { error_type: 'MTLS_ERR_ISSUER' }), await of('failing_for'), await of('store_failing')], [-2, 3, 30, 1])
  status = { ...status, issuer: undefined, nextRenewal: undefined, store: undefined }
  t.equal(await sample('peerkit_renewal_failing_for', { peerkit_issuer: 'none' }), 30)
  t.notMatch(await scrape(), /^peerkit_renewal_(next|store_failing)\{[^}]*none/m)
})

test('bundles beyond the bound are left out, those with problems last', async (t) => {
  const many = Array.from({ length: 400 }, (_, index) => bundle(`td-${index}.example`))
  const credentials = await mintSource('live', [...many, bundle('last.example', { problem: 'HTTP 500' })])
  const { scrape, sample } = start(t, { credentials })
  t.equal((await scrape()).match(/^peerkit_bundle_failing\{/gm)?.length, 300)
  t.equal(await sample('peerkit_bundle_failing', { peerkit_authority: 'last.example' }), 1)
  t.equal(await sample('peerkit_source_failing', { peerkit_kind: 'workload api' }), 0)
  const closed = start(t, { credentials: await mintSource('closed', many) })
  t.notMatch(await closed.scrape(), /^peerkit_(bundle|source)/m)
})

test('every metric of the catalogue is there, and none beside', async (t) => {
  const credentials = await mintSource('live', [bundle('a.example', { refreshedAt: 0, sequence: 1, nextRefresh: 0 })], renewed)
  const peer = await mintPeer()
  const { sample, scrape } = start(t, { credentials, readiness: watchReadiness({ credentials }) })
  connectionIdentified.publish({ ...stamp, peer, remoteAddress: undefined, resumed: false, durationMs: 1 })
  connectionEnded.publish({ ...stamp, reason: 'revoked', detail: undefined, peer, remoteAddress: undefined })
  requestAllowed.publish(judged(peer, { durationMs: 1, cached: false }))
  forwardedRefused.publish({ ...stamp, reason: 'expired', detail: undefined, header: 'client-cert', peer, remoteAddress: undefined })
  forwardedStripped.publish({ ...stamp, reason: 'untrusted_sender', detail: undefined, header: 'client-cert', peer, remoteAddress: undefined })
  rulesReloaded.publish({ ...stamp, file: 'f', generation: 2 })
  rulesRefused.publish({ ...stamp, file: 'f', generation: 2, error: new Error('x') })
  credentialsRotated.publish({ ...stamp, generation: 2, trustEpoch: 1, trustChanged: false, identity: peer, notAfter: 0, warnings: [] })
  credentialsRefused.publish({ ...stamp, code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'expired', message: 'x', generation: 2 })
  revocationRefreshed.publish({ ...stamp, source: 'crl' })
  revocationFailed.publish({ ...stamp, source: 'ocsp', code: undefined, reason: undefined, message: undefined })
  revocationSoftPassed.publish({ ...stamp, why: 'no_crl', issuer: undefined, serialNumber: undefined, fingerprint256: undefined })
  expirySoon.publish({ ...stamp, what: 'peer', name: 'x', issuer: undefined, serialNumber: undefined, fingerprint256: undefined, notAfter: 0, left: 0, threshold: '0' })
  outboundIdentified.publish({ ...stamp, origin: 'https://a.example', server: peer, resumed: false, generation: 1 })
  outboundRefused.publish({ ...stamp, origin: 'https://a.example', code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'network', message: 'x', detail: undefined })
  const outbound = { server_address: 'https://a.example' }
  t.equal(await sample('peerkit_outbound_connections_total', { ...outbound, peerkit_result: 'refused', error_type: 'network' }), 1)
  t.equal(await sample('peerkit_outbound_connections_total', { ...outbound, peerkit_result: 'accepted' }), 1)
  const found = [...(await scrape()).matchAll(/^# TYPE (\S+) (\S+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'target_info')
  const plain = (name: string): string => name.replaceAll('.', '_')
  for (const name of Object.keys(metricCatalogue)) t.ok(found.some((each) => each.startsWith(plain(name))), name)
  t.equal(found.length, Object.keys(metricCatalogue).length)
})

test('no peer makes series without end', async (t) => {
  const { scrape } = start(t)
  for (let index = 0; index < 3_000; index++) {
    const peer = createPartialIdentity({ source: 'forwarded', serialNumber: '01', issuer: parseDistinguishedName(`CN=issuer ${index}`) } as any)
    connectionIdentified.publish({ ...stamp, peer, remoteAddress: `10.0.0.${index}`, resumed: false })
    requestAllowed.publish(judged(peer, { group: `group ${index}`, path: `/${index}`, route: undefined }))
    requestDenied.publish(judged(peer, { reason: `reason ${index}` as any }))
    outboundRefused.publish({ ...stamp, origin: `https://host${index}.example`, code: `CODE_${index}`, reason: undefined, message: 'x', detail: undefined })
    refuse(`reason ${index}`)
  }
  const lines = (await scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  t.ok(lines.length < 1_000, `${lines.length} series`)
})

test('without an SDK it records into nothing, and when closed it hears nothing', async (t) => {
  const recorder = recordMetrics()
  t.ok(requestAllowed.hasSubscribers)
  requestAllowed.publish(judged(null))
  recorder.close()
  t.notOk(requestAllowed.hasSubscribers)
  t.throws(() => recordMetrics({ meter: {} as any }), { code: 'MTLS_ERR_MONITOR_OPTION', message: /meter is an object without createCounter/ })
  t.throws(() => recordMetrics({ thresholds: ['soon' as any] }), { message: /thresholds\[0\] is "soon"/ })
  t.throws(() => recordMetrics({ metre: 1 } as any), { message: /unknown option "metre"/ })
})

test('closed, it listens to no source and looks at none', async (t) => {
  const { credentials } = await mintCredentials()
  const subscribe = credentials.subscribe.bind(credentials)
  let [listening, read] = [0, 0]
  Object.assign(credentials, {
    subscribe (listener: Parameters<typeof subscribe>[0]) {
      listening += 1
      const end = subscribe(listener)
      return () => {
        listening -= 1
        end()
      }
    }
  })
  const prometheus = startPrometheus()
  t.teardown(async () => { await prometheus.close() })
  const recorder = recordMetrics({ meter: prometheus.meter, credentials, now: () => { read += 1; return Date.now() } })
  t.equal(listening, 1)
  t.ok(await prometheus.sample('peerkit_expiry_remaining'))
  t.ok(read > 0)
  recorder.close()
  read = 0
  t.equal(listening, 0)
  await prometheus.scrape()
  t.equal(read, 0, 'nobody asks it any more')
})

test('of very many lists those that end first are told', async (t) => {
  const lists = Array.from({ length: 150 }, (_, index) => ({
    issuerName: `CN=ca-${index}`,
    scope: { raw: '' },
    isDelta: false,
    verifiedBy: undefined,
    thisUpdate: 0,
    nextUpdate: (150 - index) * DAY
  }))
  const { scrape, sample } = start(t, { revocation: { lists } as any, now: () => 0 })
  t.equal((await scrape()).match(/^peerkit_expiry_remaining\{/gm)?.length, 100)
  t.equal(await sample('peerkit_expiry_remaining', { peerkit_name: 'CN=ca-149' }), DAY / 1000)
  t.equal(await sample('peerkit_expiry_remaining', { peerkit_name: 'CN=ca-0' }), undefined)
})
