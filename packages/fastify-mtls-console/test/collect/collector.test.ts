import { channel } from 'node:diagnostics_channel'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { Collector } from '../../src/collect/collector.ts'
import type { Test } from '../support/world.ts'

const ca = await createDevCa()
const peer = parsePeerIdentity((await ca.issue({ cn: 'peer' })).der)

function collect (t: Test): Collector {
  const collector = new Collector({ events: 100, clients: 10, isOwnRoute: (route) => route === '/console', server: {}, removedCaOf: () => undefined })
  t.after(() => { collector.close() })
  return collector
}
const publish = (name: string, message: object): void => { channel(`peerkit:${name}`).publish({ v: 1, time: 1, ...message }) }

test('hears every channel of the suite', async (t) => {
  const collector = collect(t)
  for (const name of ['handshake:chain-unavailable', 'request:denied', 'request:would-deny', 'connection:ended', 'forwarded:refused', 'handshake:refused', 'credentials:rotated', 'credentials:refused', 'credentials:recovered', 'credentials:waiting', 'credentials:warned',
    'revocation:refreshed', 'revocation:failed', 'revocation:soft-passed', 'rules:reloaded', 'rules:refused', 'outbound:refused', 'forwarded:stripped', 'expiry:soon']) {
    publish(name, { peer, reason: 'why', method: 'GET', path: '/', route: '/', origin: 'https://x', generation: 2, trustChanged: true, identity: peer, warnings: ['look'], error: new Error('broken'), notAfter: 0, left: 0, name: 'CN=x', what: 'peer', threshold: '0', header: 'x-cert', message: 'said', url: 'http://crl', code: 'CODE', file: 'rules.yaml' })
  }
  t.equal(collector.log.list().length, 19)
  t.equal(collector.misunderstood, 0)
  t.match(collector.log.list().find(({ title }) => title === 'New credentials in force'), { detail: [`identity: ${String(peer)}`, 'generation: 2', 'trust: changed', 'warning: look'] })
  t.match(collector.log.list().find(({ kind }) => kind === 'expiry'), { tone: 'bad', detail: ['peer: CN=x', 'expires: 1970-01-01T00:00:00.000Z', 'threshold: 0'] })
  publish('expiry:soon', { what: 'own', name: 'CN=x', notAfter: 1, left: 5, threshold: '30d' })
  t.match(collector.log.list().find(({ tone, kind }) => kind === 'expiry' && tone === 'warn'), { title: 'Certificate or CRL expires soon' })
})

test('a refusal tells which step failed and which certificate is at fault, in bounded texts', async (t) => {
  const collector = collect(t)
  const long = 'x'.repeat(10_000)
  const certificate = { subject: 'CN=Middle', serialNumber: '4f2a', fingerprint256: 'ab'.repeat(32) }
  const detail = { step: 'revocation_unknown', message: 'CN=Middle may be revoked: no CRL of CN=Root', why: 'no_crl', certificate }
  publish('handshake:refused', { peer, reason: 'revocation_unknown', detail, resumed: false })
  publish('connection:ended', { peer, reason: 'revocation_unknown', detail })
  const lines = ['step: revocation_unknown', 'why: no_crl', 'certificate: CN=Middle', 'serial number: 4f2a', `SHA-256: ${certificate.fingerprint256}`]
  for (const kind of ['handshake', 'ended']) {
    const event = collector.log.list().find((one) => one.kind === kind)
    t.match(event?.hint, /^CN=Middle may be revoked: no CRL of CN=Root\. /)
    t.strictSame(event?.detail, lines)
  }
  publish('connection:ended', { peer, reason: 'bad_chain', detail: { step: long, message: long, why: long, certificate: { subject: long, serialNumber: long, fingerprint256: long } } })
  t.ok(JSON.stringify(collector.log.list().find(({ reason }) => reason === 'bad_chain')).length < 4_000)
  publish('handshake:refused', { peer, reason: 'unreadable', detail: { step: 'unreadable', message: 'm', certificate: undefined }, resumed: false })
  t.strictSame(collector.log.list().find(({ reason }) => reason === 'unreadable')?.detail, ['step: unreadable'])
})

test('a Node that hides what clients send is reported', async (t) => {
  const collector = collect(t)
  publish('handshake:chain-unavailable', { message: 'clients need a configured CA', node: 'v99.0.0' })
  t.match(collector.log.list(), [{ kind: 'node', tone: 'warn', detail: ['Node: v99.0.0', 'clients need a configured CA'] }])
})

test('a message of another version, or a damaged one, neither counts nor brings the process down', async (t) => {
  const collector = collect(t)
  publish('request:denied', { v: 2, peer })
  publish('request:denied', { peer, nearest: { failed: 7 }, method: 'GET', path: '/' })
  channel('peerkit:request:denied').publish(null)
  t.equal(collector.misunderstood, 3)
  t.strictSame(collector.log.list(), [])
})

test('readers of the console are no clients of the service, but whoever is denied there is told of', async (t) => {
  const collector = collect(t)
  publish('request:allowed', { peer, route: '/console' })
  publish('request:allowed', { peer: null, route: '/' })
  t.strictSame(collector.clients.list(), [])
  publish('request:denied', { peer, route: '/console', method: 'GET', path: '/console', reason: 'no_match' })
  t.match(collector.log.list(), [{ title: 'Denied: GET /console' }])
  publish('request:denied', { peer: null, route: undefined, method: 'GET', path: '/x', reason: 'no_identity' })
  t.match(collector.log.list()[0], { title: 'Denied: GET /x (no such route)', peer: undefined })
})

test('says which rule came closest and what failed', async (t) => {
  const collector = collect(t)
  const failed = [{ key: 'ou', expected: ['"a"', '"b"'], found: ['c'], note: 'note' }, { key: 'not', expected: ['x'], found: [], note: undefined }, { key: 'via', expected: ['y'], found: undefined, note: undefined }]
  publish('request:denied', { peer, method: 'GET', path: '/', route: '/', rules: 'config.allowedClients', reason: 'no_match', requestId: 'req-7', nearest: { path: 'config.allowedClients[0]', matched: ['cn'], failed } })
  publish('request:would-deny', { peer, method: 'GET', path: '/', route: '/', reason: 'no_match', requestId: 'req-8', nearest: { path: 'rules[0]', matched: ['cn', 'o'], failed: [] } })
  t.match(collector.log.list().find(({ kind }) => kind === 'denied'), {
    requestId: 'req-7',
    detail: ['rules: config.allowedClients', 'closest rule: config.allowedClients[0]; cn holds', 'ou: expected "a" or "b", found "c" (note)', 'not: refuses x, found none', 'via: expected y, found unknown']
  })
  t.match(collector.log.list().find(({ kind }) => kind === 'would-deny'), { detail: ['closest rule: rules[0]; cn, o hold'] })
})

test('counts refused handshakes by reason, of which there are only so many', async (t) => {
  const collector = collect(t)
  for (let index = 0; index < 200; index++) publish('handshake:refused', { reason: `reason ${index % 100}`, remoteAddress: `2001:db8::${index}` })
  t.equal(Object.keys(collector.handshakes).length, 50)
  t.equal(collector.handshakes['reason 0'], 2)
})

test('a flood of failed handshakes costs bounded memory and keeps what others did', async (t) => {
  const collector = collect(t)
  publish('handshake:refused', { reason: 'unknown_ca', code: 'DEPTH_ZERO_SELF_SIGNED_CERT', remoteAddress: '10.1.1.1', peer })
  for (let index = 0; index < 20_000; index++) publish('handshake:refused', { time: index, reason: 'protocol', code: `C${index}`, remoteAddress: `2001:db8:1:1::${index}` })
  const events = collector.log.list()
  t.equal(events.length, 100)
  t.ok(events.some(({ remoteAddress }) => remoteAddress === '10.1.1.1'), 'a whole network counts as one')
  t.match(events.find(({ reason }) => reason === 'unknown_ca'), { hint: /self-signed/ })
  t.equal(collector.handshakes['protocol'], 20_000)
})

test('remembers which servers answered, and which did not', async (t) => {
  const collector = collect(t)
  publish('outbound:identified', { origin: 'https://a', server: peer, resumed: false, generation: 1 })
  publish('outbound:refused', { origin: 'https://a', code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'rules', message: 'wrong' })
  t.match(collector.servers.list(), [{ origin: 'https://a', connections: 1, refused: 1, lastRefusal: { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', message: 'wrong' } }])
})

test('a refused server has the certificate at fault and the check that failed among its details', async (t) => {
  const collector = collect(t)
  const certificate = { subject: 'CN=ledger', serialNumber: '0a', fingerprint256: 'abcd' }
  const detail = { step: 'expired', message: 'CN=ledger was valid until then', certificate }
  publish('outbound:refused', { origin: 'https://a', code: 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED', message: 'ended', detail })
  const facts = ['step: expired', 'certificate: CN=ledger', 'serial number: 0a', 'SHA-256: abcd']
  t.same(collector.log.list()[0]?.detail, ['code: MTLS_ERR_OUTBOUND_SERVER_EXPIRED', ...facts, 'ended'])
  t.match(collector.servers.list(), [{ lastRefusal: { message: 'ended' } }])
})
