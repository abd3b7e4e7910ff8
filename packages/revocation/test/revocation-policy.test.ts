import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'tap'
import { crlChecker, type RevocationStatus } from '../src/index.ts'
import { makeClock } from './support/clock.ts'
import { makeCa } from './support/identities.ts'

const unknown: RevocationStatus = { state: 'unknown', why: 'no_crl' }
const { identity, leaf } = await makeCa()
const other = await makeCa({ name: 'Other' })
const peer = (await leaf('peer')).identity
const foreign = (await other.leaf('peer')).identity

test('hard is the default: unknown does not pass, nor does a good that has ended', (t) => {
  const clock = makeClock()
  for (const policy of [undefined, 'hard', {}, { default: 'hard' }] as const) {
    const checker = crlChecker({
      crls: [], issuers: [identity], now: clock.now, ...(policy !== undefined && { policy })
    })
    t.notOk(checker.permits(unknown, peer))
    t.notOk(checker.permits({ state: 'revoked', source: 'crl', reason: undefined, revokedAt: undefined }, peer))
    t.ok(checker.permits({ state: 'good', source: 'crl', until: clock.now() + 1 }, peer))
    t.notOk(checker.permits({ state: 'good', source: 'crl', until: clock.now() }, peer))
  }
  t.end()
})

test('soft lets unknown pass, publishes each time and warns once; revoked never passes', async (t) => {
  const messages: unknown[] = []
  const listen = (message: unknown) => { messages.push(message) }
  subscribe('peerkit:revocation:soft-passed', listen)
  const warnings: Error[] = []
  const warn = (warning: Error) => { if (warning.name === 'PeerkitWarning') warnings.push(warning) }
  process.on('warning', warn)
  const clock = makeClock()
  const checker = crlChecker({ crls: [], issuers: [identity], policy: 'soft', now: clock.now })
  t.ok(checker.permits(unknown, peer))
  t.ok(checker.permits(unknown, peer))
  t.ok(checker.permits({ state: 'good', source: 'crl', until: 0 }, peer))
  t.notOk(checker.permits({ state: 'revoked', source: 'crl', reason: undefined, revokedAt: undefined }, peer))
  await new Promise((resolve) => { setImmediate(resolve) })
  unsubscribe('peerkit:revocation:soft-passed', listen)
  process.off('warning', warn)
  t.match(messages, [
    { v: 1, time: clock.now(), why: 'no_crl', issuer: String(identity.subject), serialNumber: peer.serialNumber },
    { why: 'no_crl' }, { why: 'answer_expired' }
  ])
  t.match(warnings, [{ code: 'MTLS_WARN_REVOCATION_UNKNOWN', message: /no_crl/ }, { message: /answer_expired/ }])
  t.equal(warnings.length, 2)
})

test('goes by the issuer where the policy names it', (t) => {
  const checker = crlChecker({
    crls: [], issuers: [identity], policy: { default: 'hard', issuers: { [String(other.identity.subject)]: 'soft' } }
  })
  t.notOk(checker.permits(unknown, peer))
  t.ok(checker.permits(unknown, foreign))
  const reverse = crlChecker({
    crls: [], issuers: [identity], policy: { default: 'soft', issuers: { [String(other.identity.subject)]: 'hard' } }
  })
  t.ok(reverse.permits(unknown, peer))
  t.notOk(reverse.permits(unknown, foreign))
  t.end()
})
