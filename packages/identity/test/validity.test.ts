import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, endOfValidity, parsePeerIdentity, validityAt } from '@peerkit/identity'

test('a certificate is valid from its first second to the end of its last (RFC 5280 section 4.1.2.5)', async (t) => {
  const period = { notBefore: 10_000, notAfter: 20_000 }
  t.equal(endOfValidity(period), 21_000)
  for (const [now, state] of [
    [9_999, 'not_yet_valid'],
    [10_000, 'valid'],
    [20_000, 'valid'],
    [20_999, 'valid'],
    [21_000, 'expired']
  ] as const) { t.equal(validityAt(period, now), state, `${now}`) }
  t.equal(
    validityAt({ notBefore: 30_000, notAfter: 20_000 }, 25_000),
    'expired',
    'a period that ends before it begins'
  )
})

test('without a date nothing is valid', async (t) => {
  t.equal(validityAt({}, 0), 'expired')
  t.equal(validityAt({ notBefore: 0 }, 1), 'expired')
  t.equal(validityAt({ notAfter: 1 }, 0), 'not_yet_valid')
  t.equal(endOfValidity({}), -Infinity)
  t.equal(validityAt(createPartialIdentity({ subject: 'CN=a' }), Date.now()), 'expired')
})

test('an identity has both dates', async (t) => {
  const start = Math.floor(Date.now() / 1_000) * 1_000
  const { der } = await (
    await createDevCa()
  ).issue({ notBefore: new Date(start), notAfter: new Date(start + 60_000) })
  const peer = parsePeerIdentity(der)
  t.strictSame(
    [start - 1, start, start + 60_999, start + 61_000].map((now) => validityAt(peer, now)),
    ['not_yet_valid', 'valid', 'valid', 'expired']
  )
})
