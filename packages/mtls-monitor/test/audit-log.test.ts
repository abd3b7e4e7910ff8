import {
  connectionEnded, credentialsRefused, credentialsRotated, credentialsWarned, expirySoon, forwardedRefused,
  forwardedStripped, handshakeChainUnavailable, handshakeRefused, isAuditKept, outboundRefused, requestAllowed,
  requestDenied, requestWouldDeny, revocationFailed, revocationSoftPassed, rulesRefused, rulesReloaded,
  summarizedNames
} from '@peerkit/events'
import type { ForwardedReason, HandshakeRefusedMessage, RefusalDetail, RequestJudgedMessage } from '@peerkit/events'
import { createPartialIdentity, limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { createDevCa } from '@peerkit/dev-ca'
import { channel } from 'node:diagnostics_channel'
import { mock } from 'node:test'
import { test } from 'tap'
import { auditLog } from '../src/audit/audit-log.ts'
import { MonitorOptionError } from '../src/errors.ts'
import { createLog, mintPartner, mintPeer } from './support/peers.ts'

const TIME = Date.parse('2026-11-23T03:12:00Z')

function denied (peer: PeerIdentity | null, more: Partial<RequestJudgedMessage> = {}): RequestJudgedMessage {
  return {
    v: 1,
    time: TIME,
    reason: 'no_match',
    rules: 'config.allowedClients',
    rule: undefined,
    group: undefined,
    nearest: { path: 'config.allowedClients[0]', matched: ['o'], failed: [{ key: 'ou', expected: ['billing'], found: ['ops'], note: undefined }] },
    peer,
    requestId: 'req-1',
    method: 'DELETE',
    path: '/accounts/7',
    route: '/accounts/:id',
    remoteAddress: '192.0.2.7',
    ...more
  }
}

function refused (more: Partial<HandshakeRefusedMessage> = {}): HandshakeRefusedMessage {
  return { v: 1, time: TIME, reason: 'unknown_ca', code: 'DEPTH_ZERO_SELF_SIGNED_CERT', detail: undefined, peer: undefined, fingerprint256: undefined, remoteAddress: '192.0.2.7', remotePort: 40000, alpnProtocol: 'h2', protocol: 'TLSv1.3', resumed: false, ...more }
}

test('a denial has one line that says who, what, when, outcome and why', async (t) => {
  const peer = await mintPeer({ cn: 'billing' })
  const { lines, log } = createLog()
  const audit = auditLog(log)
  requestDenied.publish(denied(peer))
  audit.close()
  t.equal(lines.length, 1)
  t.match(lines[0], {
    level: 'warn',
    text: 'client denied',
    line: {
      audit: 1,
      event: 'request:denied',
      outcome: 'denied',
      when: '2026-11-23T03:12:00.000Z',
      peer: peer.toString(),
      fingerprint256: peer.fingerprint256,
      serialNumber: peer.serialNumber,
      issuer: peer.issuer?.toString(),
      remoteAddress: '192.0.2.7',
      requestId: 'req-1',
      method: 'DELETE',
      path: '/accounts/7',
      route: '/accounts/:id',
      reason: 'no_match',
      rules: 'config.allowedClients',
      nearest: { path: 'config.allowedClients[0]' }
    }
  })
})

test('a line names the authority, and tells a subject that it does not vouch for as a claim', async (t) => {
  const [partner, plain] = [await mintPartner(), await mintPeer()]
  const { lines, log } = createLog()
  const audit = auditLog(log, { allowed: true })
  requestDenied.publish(denied(partner))
  requestAllowed.publish(denied(partner, { reason: undefined, nearest: undefined }))
  connectionEnded.publish({ v: 1, time: TIME, reason: 'outside_authority', detail: undefined, peer: partner, remoteAddress: undefined })
  requestDenied.publish(denied(plain))
  requestDenied.publish(denied(limitPeerIdentity(plain, 'internal', [])))
  requestDenied.publish(denied(limitPeerIdentity(plain, 'internal', ['dns'])))
  audit.close()
  const fields = lines.map(({ line }) => [line['authority'], line['notBelieved'], line['claimedSubject']])
  const ofPartner = ['partner', ['subject', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission', 'extension'], 'CN=web,OU=billing']
  t.same(fields, [
    ofPartner, ofPartner, ofPartner, [undefined, undefined, undefined], ['internal', undefined, undefined], ['internal', ['dns'], undefined]
  ])
  t.match(lines[0]?.line, { peer: /^spiffe:\/\/partner\.example\/web/, fingerprint256: partner.fingerprint256 })
  t.match(lines[2]?.line, { hint: String, reason: 'outside_authority' })
  t.notOk(Object.hasOwn(lines[4]?.line ?? {}, 'notBelieved'))
})

test('a claimed subject is cut, and one that is empty is none', async (t) => {
  const long = 'x'.repeat(60)
  const peer = await mintPeer({ cn: long })
  const bare = createPartialIdentity({ serialNumber: '01' })
  const { lines, log } = createLog()
  const audit = auditLog(log)
  const deep = createPartialIdentity({ subject: Array.from({ length: 20 }, () => `OU=${long}`).join(',') })
  for (const one of [peer, bare, deep]) requestDenied.publish(denied(limitPeerIdentity(one, 'partner', ['subject'])))
  audit.close()
  t.equal(lines[0]?.line['claimedSubject'], `CN=${long}`)
  t.equal(lines[1]?.line['claimedSubject'], undefined)
  t.equal(lines[2]?.line['claimedSubject'].length, 300)
})

test('a refused handshake says what to do about it, and noise is no warning', async (t) => {
  const { lines, log } = createLog()
  const audit = auditLog(log)
  handshakeRefused.publish(refused())
  handshakeRefused.publish(refused({ reason: 'protocol', code: 'ERR_SSL_HTTP_REQUEST' }))
  audit.close()
  t.match(lines, [
    { level: 'warn', text: 'mTLS handshake refused', line: { outcome: 'denied', code: 'DEPTH_ZERO_SELF_SIGNED_CERT', hint: /self-signed/ } },
    { level: 'info', text: 'mTLS handshake failed', line: { outcome: 'failed', hint: /plain HTTP/ } }
  ])
})

test('a refusal names the step and the certificate at fault, in bounded texts', async (t) => {
  const peer = await mintPeer()
  const { lines, log } = createLog()
  const audit = auditLog(log)
  const certificate = { subject: 'CN=Middle', serialNumber: '4f2a', fingerprint256: 'ab'.repeat(32) }
  const detail: RefusalDetail = { step: 'revocation_unknown', message: 'CN=Middle may be revoked: no CRL', why: 'no_crl', certificate }
  handshakeRefused.publish(refused({ reason: 'revocation_unknown', code: undefined, detail }))
  connectionEnded.publish({ v: 1, time: TIME, reason: 'revocation_unknown', detail, peer, remoteAddress: '192.0.2.7' })
  for (const { line } of lines) {
    t.match(line, { reason: 'revocation_unknown', detail: 'CN=Middle may be revoked: no CRL', step: 'revocation_unknown', why: 'no_crl', certificate, hint: String })
  }
  t.equal(lines[0]?.line['fingerprint256'], undefined, 'the certificate at fault need not be the client\'s')
  const long = 'x'.repeat(100_000)
  const bloated = { step: long, message: long, why: long, certificate: { subject: long, serialNumber: long, fingerprint256: long } }
  handshakeRefused.publish(refused({ reason: 'bad_chain', detail: bloated }))
  handshakeRefused.publish(refused({ reason: 'unreadable', detail: { step: 'unreadable', message: 'm', certificate: undefined } }))
  connectionEnded.publish({ v: 1, time: TIME, reason: 'timeout', detail: undefined, peer, remoteAddress: undefined })
  audit.close()
  t.ok(JSON.stringify(lines[2]?.line).length < 4_000)
  t.equal(lines[3]?.line['certificate'], undefined)
  t.notOk(Object.hasOwn(lines[4]?.line ?? {}, 'detail'))
})

test('a refused server has the certificate at fault and the check that failed in its line', async (t) => {
  const { lines, log } = createLog()
  const audit = auditLog(log)
  const certificate = { subject: 'CN=ledger', serialNumber: '0a', fingerprint256: 'ab'.repeat(32) }
  const detail = { step: 'revoked', message: 'CN=ledger is revoked', certificate }
  const message = 'The certificate of https://ledger.internal is not accepted: CN=ledger is revoked'
  const facts = { origin: 'https://ledger.internal', code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED', reason: 'revoked', message } as const
  outboundRefused.publish({ v: 1, time: TIME, ...facts, detail })
  audit.close()
  t.match(lines[0]?.line, { event: 'outbound:refused', detail: message, step: 'revoked', certificate })
})

test('every denial and every change has its line', async (t) => {
  const peer = await mintPeer()
  const { lines, log } = createLog()
  const audit = auditLog(log)
  const stamp = { v: 1, time: TIME } as const
  handshakeChainUnavailable.publish({ ...stamp, message: 'only clients of configured CAs are accepted', node: 'v99.0.0' })
  connectionEnded.publish({ ...stamp, reason: 'revoked', detail: undefined, peer, remoteAddress: undefined })
  forwardedRefused.publish({ ...stamp, reason: 'expired', detail: 'x', header: 'client-cert', peer: null, remoteAddress: '2001:db8::1' })
  forwardedStripped.publish({ ...stamp, reason: 'untrusted_sender', detail: undefined, header: 'client-cert', peer, remoteAddress: undefined })
  requestWouldDeny.publish(denied(null, { reason: 'no_identity', nearest: undefined }))
  rulesReloaded.publish({ ...stamp, file: '/etc/rules.json', generation: 2 })
  rulesRefused.publish({ ...stamp, file: '/etc/rules.json', generation: 2, error: new Error('bad rule') })
  credentialsRotated.publish({ ...stamp, generation: 2, trustEpoch: 1, trustChanged: false, identity: peer, notAfter: Number.MAX_VALUE, warnings: [] })
  credentialsRotated.publish({ ...stamp, generation: 3, trustEpoch: 1, trustChanged: false, identity: peer, notAfter: TIME, withdrawn: true, warnings: [] })
  credentialsRefused.publish({ ...stamp, code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'expired', message: 'old', from: 'the CA', generation: 2 })
  credentialsWarned.publish({ ...stamp, message: 'an anchor has ended', generation: 2 })
  revocationFailed.publish({ ...stamp, source: 'crl', code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'network', message: 'down', url: 'http://crl.example/ca.crl' })
  revocationFailed.publish({ ...stamp, source: 'ocsp', code: undefined, reason: undefined, message: 'down' })
  revocationSoftPassed.publish({ ...stamp, why: 'no_crl', issuer: 'CN=x', serialNumber: '01', fingerprint256: undefined })
  expirySoon.publish({ ...stamp, what: 'own', name: 'service', issuer: 'CN=x', serialNumber: '01', fingerprint256: 'ab', notAfter: TIME + 1, left: 1, threshold: '1d' })
  expirySoon.publish({ ...stamp, what: 'crl', name: 'CA', issuer: 'CN=x', serialNumber: undefined, fingerprint256: undefined, notAfter: TIME, left: 0, threshold: '0' })
  outboundRefused.publish({ ...stamp, origin: 'https://ledger.internal', code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'network', message: 'down', detail: undefined })
  audit.close()
  t.same(lines.map(({ level, line: { event, outcome } }) => `${level} ${event} ${outcome}`), [
    'warn handshake:chain-unavailable warned', 'warn connection:ended denied', 'warn forwarded:refused denied', 'warn forwarded:stripped denied', 'warn request:would-deny reported', 'info rules:reloaded changed', 'error rules:refused failed',
    'info credentials:rotated changed', 'error credentials:rotated failed', 'error credentials:refused failed', 'warn credentials:warned warned', 'error revocation:failed failed', 'error revocation:failed failed',
    'warn revocation:soft-passed warned', 'warn expiry:soon warned', 'error expiry:soon warned', 'warn outbound:refused failed'
  ])
  t.match(lines.find(({ line: { event } }) => event === 'credentials:refused'), { line: { from: 'the CA', generation: 2 } })
  t.match(lines.filter(({ line: { event } }) => event === 'credentials:rotated').map(({ text }) => text), [
    'new credentials in force', 'our certificate was withdrawn; none is presented until there is a new one'
  ])
})

test('every event with a summary has a line, but for those that go as planned or are not decided', async (t) => {
  const audit = auditLog(createLog().log, { allowed: true })
  const silent = summarizedNames.filter((name) => !channel(name).hasSubscribers)
  audit.close()
  t.same(silent, ['peerkit:credentials:waiting', 'peerkit:revocation:refreshed'])
})

test('allowed requests have lines only where that was asked for, and then all of them', async (t) => {
  const peer = await mintPeer()
  const message = denied(peer, { reason: undefined, rule: 0, group: 'billing', nearest: undefined })
  const quiet = createLog()
  const silent = auditLog(quiet.log)
  requestAllowed.publish(message)
  silent.close()
  t.equal(quiet.lines.length, 0)
  const { lines, log } = createLog()
  const audit = auditLog(log, { allowed: true, burst: 1, sourceBurst: 1 })
  for (let index = 0; index < 50; index++) requestAllowed.publish(message)
  audit.close()
  t.equal(lines.length, 50)
  t.match(lines[0], { level: 'info', line: { outcome: 'allowed', group: 'billing', rule: 0 } })
})

test('a flood is limited by event and reason, and the number dropped is stated', async (t) => {
  const { lines, log } = createLog()
  let now = TIME
  const audit = auditLog(log, { now: () => now, burst: 5, perSecond: 1, sourceBurst: 5 })
  for (let index = 0; index < 10_000; index++) handshakeRefused.publish(refused({ remoteAddress: `198.51.${index % 200}.${index % 250}` }))
  handshakeRefused.publish(refused({ reason: 'expired' }))
  t.equal(lines.length, 6, 'another reason has lines of its own')
  now += 2_000
  for (let index = 0; index < 10; index++) handshakeRefused.publish(refused({ remoteAddress: `203.0.113.${index}` }))
  t.equal(lines.length, 8, 'two seconds let two more through')
  audit.flush()
  t.match(lines.at(-1), { level: 'warn', text: 'audit lines dropped', line: { audit: 1, event: 'audit:dropped', outcome: 'dropped', since: '2026-11-23T03:12:00.000Z', dropped: { 'handshake:refused unknown_ca': 10_003 } } })
  audit.flush()
  audit.close()
  t.equal(lines.length, 9, 'nothing dropped, nothing said')
})

test('one loud client does not use up the lines of the others', async (t) => {
  const [loud, quiet] = [await mintPeer({ cn: 'loud' }), await mintPeer({ cn: 'quiet' })]
  const { lines, log } = createLog()
  const audit = auditLog(log, { now: () => TIME })
  for (let index = 0; index < 5_000; index++) requestDenied.publish(denied(loud))
  requestDenied.publish(denied(quiet))
  audit.close()
  t.equal(lines.filter(({ line }) => line['fingerprint256'] === loud.fingerprint256).length, 20)
  t.equal(lines.filter(({ line }) => line['fingerprint256'] === quiet.fingerprint256).length, 1)
  t.match(lines.at(-1)?.line, { dropped: { 'request:denied no_match': 4_980 } }, 'closing states what was dropped')
})

test('the summary comes by itself, once for each interval with drops', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  t.teardown(() => { mock.timers.reset() })
  const { lines, log } = createLog()
  const audit = auditLog(log, { burst: 1, perSecond: 0, sourceBurst: 1, summaryInterval: 60_000 })
  for (let index = 0; index < 3; index++) handshakeRefused.publish(refused())
  mock.timers.tick(59_000)
  t.equal(lines.length, 1)
  mock.timers.tick(1_000)
  t.match(lines.slice(1), [{ line: { dropped: { 'handshake:refused unknown_ca': 2 } } }])
  mock.timers.tick(600_000)
  t.equal(lines.length, 2)
  for (let index = 0; index < 4; index++) handshakeRefused.publish(refused())
  mock.timers.tick(60_000)
  t.match(lines.slice(2), [{ line: { dropped: { 'handshake:refused unknown_ca': 4 } } }], 'and in every later interval')
  handshakeRefused.publish(refused())
  audit.flush()
  handshakeRefused.publish(refused())
  mock.timers.tick(60_000)
  t.equal(lines.length, 5, 'also after one that was asked for')
  audit.close()
})

test('reasons that never end share one limit', async (t) => {
  const { lines, log } = createLog()
  const audit = auditLog(log, { now: () => TIME, burst: 1, sourceBurst: 1 })
  for (let index = 0; index < 5_000; index++) forwardedRefused.publish({ v: 1, time: TIME, reason: `reason-${index}` as ForwardedReason, detail: 'd'.repeat(5_000), header: 'client-cert', peer: null, remoteAddress: `10.0.${index % 256}.1` })
  audit.close()
  t.equal(lines.length, 202, '200 kinds, one for all others, and the summary')
  t.ok(JSON.stringify(lines[0]?.line).length < 2_000, 'long texts are cut')
})

test('while it is open the plugins leave their lines to it, and it ends when it is closed', async (t) => {
  const { lines, log } = createLog()
  t.equal(isAuditKept(), false)
  const audit = auditLog(log)
  t.equal(isAuditKept(), true)
  audit.close()
  t.equal(isAuditKept(), false)
  requestDenied.publish(denied(null))
  t.equal(lines.length, 0)
})

test('wrong options are refused by name', async (t) => {
  const { log } = createLog()
  t.throws(() => auditLog({} as any), MonitorOptionError)
  t.throws(() => auditLog(log, { brust: 1 } as any), { message: /unknown option "brust" for audit/ })
  t.throws(() => auditLog(log, null as any), { message: /audit is null/ })
  t.throws(() => auditLog(log, { burst: 0 }), { message: /audit.burst is 0/ })
  t.equal(isAuditKept(), false, 'nothing was started')
})

test('a line has the flaws that the authority tolerates', async (t) => {
  const ca = await createDevCa()
  const { der } = await ca.issue({ cn: 'odd', extensions: [{ oid: '2.5.29.17', value: Buffer.from('3000', 'hex') }] })
  const peer = limitPeerIdentity(parsePeerIdentity(der, { tolerate: ['alt-names'] }), 'internal', [])
  const { lines, log } = createLog()
  const audit = auditLog(log)
  requestDenied.publish(denied(peer))
  requestDenied.publish(denied(await mintPeer()))
  audit.close()
  t.same(lines[0]?.line['tolerated'], ['alt-names'])
  t.notOk(Object.hasOwn(lines[1]?.line ?? {}, 'tolerated'))
})
