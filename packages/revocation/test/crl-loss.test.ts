import { parsePeerIdentity, type PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { crlChecker, crlIssuersToKeep, describeCrlLoss, parseCrl, type CrlIndex } from '../src/index.ts'
import { HOUR, makeClock } from './support/clock.ts'
import { craftCrl, distributionPoint, entry, extension, integer, type CrlCraft } from './support/craft.ts'
import { makeCa, wrapCa } from './support/identities.ts'
import { nameDer } from './support/names.ts'
import { remint } from './support/remint.ts'

const { ca, identity } = await makeCa({ subject: [{ type: 'CN', value: 'A' }] })
const other = await makeCa({ subject: [{ type: 'CN', value: 'B' }] })
const issuers = [identity, other.identity]
const clock = makeClock()
const now = clock.now()
const ago = (hours: number): { thisUpdate: Date } => ({ thisUpdate: new Date(now - hours * HOUR) })
const list = (craft: Partial<CrlCraft> = {}): CrlIndex => parseCrl(craftCrl({ ca, ...ago(1), ...craft }), { issuers })
const delta = (number: number, baseNumber: number, craft: Partial<CrlCraft> = {}): CrlIndex =>
  list({ number, ...craft, extensions: [extension('2.5.29.27', true, integer(baseNumber)), ...craft.extensions ?? []] })
const users = { extensions: [distributionPoint(undefined, { 1: true })] }
const authorities = { extensions: [distributionPoint(undefined, { 2: true })] }
const loss = (held: CrlIndex[], lists: CrlIndex[], trusted = issuers): string | undefined => describeCrlLoss(lists, held, { issuers: trusted })

test('a list that is older than the one of its kind in force is a loss', (t) => {
  t.match(loss([list()], [list(ago(2))]), /^the CRL of CN=A .* of .* is older than the one in force, of /)
  t.match(loss([list({ number: 2 })], [list({ number: 1 })]), /\(number 1\) is older than the one in force, of .* \(number 2\)$/, 'of one second the number tells')
  t.equal(loss([list({ number: 2, ...ago(2) })], [list({ number: 1 })]), undefined, 'a CA that counts anew')
  t.equal(loss([list()], [list()]), undefined)
  t.equal(loss([list()], [list({ number: 1 })]), undefined)
  t.equal(loss([list()], [list(ago(2)), list()]), undefined, 'older ones beside it')
  t.match(loss([list()], [list(ago(2)), list(users)]), /is older/, 'a part of the CA\'s beside it')
  t.match(loss([list()], [list({ ...ago(2), issuer: nameDer('a') })]), /is older/, 'however the name is written')
  t.equal(loss([], [list()]), undefined)
  t.end()
})

test('a list that is missing is a loss while its CA counts', (t) => {
  const missing = /^the CRL of CN=B .* is missing, which is in force and whose CA is still trusted; expected the same or a newer one$/
  const held = [list(), list({ ca: other.ca })]
  t.match(loss(held, [list()]), missing)
  t.match(loss([held[1]!], []), missing)
  t.equal(loss(held, [list()], [identity]), undefined, 'a CA that was removed')
  t.match(loss([list({ ca: other.ca, nextUpdate: new Date(now) })], []), missing, 'a list that has ended still knows who was revoked')
  const renamed = parsePeerIdentity(remint(ca.der, { key: ca.key, subject: nameDer('C') }))
  t.equal(loss([list()], [], [renamed]), undefined, 'another CA with the same key')
  t.equal(describeCrlLoss([], [parseCrl(craftCrl({ ca }))], { issuers }), undefined, 'a list that nobody has verified')
  t.end()
})

test('a CA keeps counting while it leads to an anchor, though it is configured no longer', async (t) => {
  const below = wrapCa(await ca.intermediate({ subject: [{ type: 'CN', value: 'Below' }] }))
  const held = [parseCrl(craftCrl({ ca: below.ca, ...ago(1) }), { issuers: [below.identity] })]
  const kept = (anchors: PeerIdentity[]): unknown[] => crlIssuersToKeep(held, anchors).map(({ subject }) => subject?.commonName)
  t.strictSame(kept([below.identity]), ['Below'], 'it is an anchor itself')
  t.strictSame(kept([other.identity, identity]), ['Below'], 'it is below one')
  t.strictSame(kept([other.identity]), [], 'it is below another')
  t.strictSame(kept([]), [])
  t.equal(loss(held, [], [identity]), undefined, 'who removes it may remove its list with it')
})

test('of several lists of one kind the latest counts, for a checker too, whatever its number', async (t) => {
  const crls = [craftCrl({ ca, number: 3, ...ago(1), entries: [entry('01')] }), craftCrl({ ca, number: 900, ...ago(5) })]
  const [held, old] = crls.map((der) => parseCrl(der, { issuers })) as [CrlIndex, CrlIndex]
  t.equal(loss([held], [old, held]), undefined)
  t.match(loss([held], [old]), /\(number 900\) is older than the one in force/)
  for (const given of [crls, crls.toReversed()]) {
    const checker = crlChecker({ crls: given, issuers, now: clock.now })
    t.equal((await checker.check(parsePeerIdentity((await ca.issue({ serialNumber: '01' } as object)).der), identity)).state, 'revoked')
    await checker.close()
  }
})

test('of two lists of one second and without numbers, the one that lists fewer certificates is the older one', (t) => {
  const two = list({ entries: [entry('01'), entry('02')] })
  const one = list({ entries: [entry('01')] })
  t.match(loss([two], [one]), /is older than the one in force/)
  t.equal(loss([one], [two]), undefined)
  t.end()
})

test('parts and deltas count each by itself', (t) => {
  t.match(loss([list(users), list(authorities)], [list(users)]), /is missing/)
  t.equal(loss([list(users), list(authorities)], [list()]), undefined, 'a whole one in place of the parts')
  t.match(loss([list(users)], [list(ago(2))]), /is missing/, 'but no older one')
  t.equal(loss([list()], [list(users), list(authorities)]), undefined, 'parts in place of the whole')
  t.match(loss([list()], [list(authorities)]), /is missing/, 'and not one part that says nothing of users')
  t.match(loss([list()], [list(users)]), /is missing/)
  t.match(loss([list()], [list({ ...users, ...ago(2) })]), /is missing/)
  const base = list({ number: 5, ...ago(3) })
  t.match(loss([base, delta(6, 5)], [base]), /^the delta CRL of CN=A .* is missing/)
  t.match(loss([base, delta(7, 5)], [base, delta(6, 5, ago(2))]), /^the delta CRL of .* is older/)
  t.equal(loss([base, delta(6, 5)], [list({ number: 6 })]), undefined, 'a complete one that holds what the delta said')
  t.equal(loss([base, delta(6, 5)], [list({ number: 7 }), delta(6, 5, ago(2))]), undefined)
  t.match(loss([base, delta(6, 5)], [list({ number: 7, ...users }), base]), /is missing/, 'one of a part does not')
  t.end()
})

test('a checker tells which of its lists have ended', async (t) => {
  const base = craftCrl({ ca, number: 5, ...ago(3), nextUpdate: new Date(now + 2 * HOUR) })
  const end = new Date(now + HOUR)
  const deltaDer = craftCrl({ ca, number: 6, ...ago(2), nextUpdate: end, extensions: [extension('2.5.29.27', true, integer(5))] })
  const older = craftCrl({ ca, number: 4, ...ago(4), nextUpdate: new Date(now - HOUR) })
  const checker = crlChecker({ crls: [older, base, deltaDer], issuers, now: clock.now })
  t.same(checker.ended, [], 'one that another took the place of does not count')
  clock.set(end.getTime())
  t.same(checker.ended.map(({ isDelta }) => isDelta), [true])
  clock.set(now + 2 * HOUR)
  t.equal(checker.ended.length, 2)
  clock.set(now)
  await checker.close()
  t.same(checker.ended, [])
})
