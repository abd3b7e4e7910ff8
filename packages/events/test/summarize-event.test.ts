import { test } from 'tap'
import { eventNames, summarizeEvent } from '../src/index.ts'
import type { EventMessages, SummarizedName } from '../src/index.ts'

const UNSUMMARIZED = ['peerkit:connection:identified', 'peerkit:outbound:identified']

/** A message with the fields that its summary needs. */
const message = (fields: object = {}): EventMessages[SummarizedName] => {
  return { v: 1, time: 1, notAfter: 0, left: 1, error: new Error('wrong'), ...fields } as unknown as EventMessages[SummarizedName]
}
const summarize = (name: SummarizedName, fields?: object): ReturnType<typeof summarizeEvent> => {
  return summarizeEvent(name, message(fields) as never)
}

test('every event has a summary, except new connections', (t) => {
  for (const name of eventNames) {
    if (UNSUMMARIZED.includes(name)) continue
    const { severity, outcome, title } = summarize(name as SummarizedName)
    t.match(title, /^(mTLS|[a-z])/, name)
    t.notMatch(title, /undefined|\.$/, name)
    if (severity === 'failed') t.match(outcome, /failed/, name)
    if (severity === 'good') t.equal(outcome, 'changed', name)
  }
  t.end()
})

test('a refused client is denied; a handshake that failed by itself is noise', (t) => {
  const refused = { reason: 'expired', remoteAddress: '2001:db8:1:2:3:4:5:6', code: 'CERT_HAS_EXPIRED' }
  t.match(summarize('peerkit:handshake:refused', refused), {
    severity: 'denied', outcome: 'denied', title: 'mTLS handshake refused', source: '2001:db8:1:2', hint: /Renew it/
  })
  t.match(summarize('peerkit:handshake:refused', { reason: 'protocol' }), {
    severity: 'info', outcome: 'failed', title: 'mTLS handshake failed', source: 'unknown'
  })
  t.end()
})

test('a certificate that has expired is a fault, one that will is a warning', (t) => {
  t.match(summarize('peerkit:expiry:soon', { left: 0, name: 'x' }), { severity: 'failed', source: 'x' })
  t.match(summarize('peerkit:expiry:soon', { left: 1, fingerprint256: 'ab' }), { severity: 'warning', source: 'ab' })
  t.equal(summarize('peerkit:expiry:soon', { notAfter: 9e15 }).facts['notAfter'], undefined, 'no date has that year')
  t.end()
})

test('a certificate that was withdrawn is a fault, and not new credentials', (t) => {
  t.match(summarize('peerkit:credentials:rotated'), { severity: 'good', title: 'new credentials in force' })
  t.match(summarize('peerkit:credentials:rotated', { withdrawn: true }), {
    severity: 'failed', outcome: 'failed', title: /^our certificate was withdrawn/
  })
  t.end()
})

test('the source is the verified peer, otherwise its network', (t) => {
  const peer = { fingerprint256: 'ab', toString: () => 'CN=alice' }
  t.equal(summarize('peerkit:request:denied', { peer, remoteAddress: '192.0.2.1' }).source, 'ab')
  t.equal(summarize('peerkit:request:denied', { peer: { ...peer, fingerprint256: undefined } }).source, 'CN=alice')
  t.equal(summarize('peerkit:connection:ended', { peer: null, remoteAddress: '192.0.2.1' }).source, '192.0.2.1')
  t.match(summarize('peerkit:request:denied', { peer: null, reason: 'no_rule' }), { hint: /Add a rule/ })
  t.equal(summarize('peerkit:request:denied', { peer: null, reason: 'constructor' }).hint, undefined)
  t.end()
})
