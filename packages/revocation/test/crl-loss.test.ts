import { parsePeerIdentity, type PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { crlChecker, crlIssuersToKeep, describeCrlLoss, parseCrl, type CrlIndex } from '../src/index.ts'
import { HOUR, makeClock } from './support/clock.ts'
import { craftCrl, distributionPoint, entry, extension, integer, reasonCode, type CrlCraft } from './support/craft.ts'
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
const loss = (held: CrlIndex[], lists: CrlIndex[], trusted = issuers, time = now): string | undefined =>
  describeCrlLoss(lists, held, { issuers: trusted, now: time })

test('a list that is older than the one of its kind in force is a loss', (t) => {
  t.match(loss([list()], [list(ago(2))]), /^the CRL of CN=A .* of .* is older than the current one, of /)
  t.match(loss([list({ number: 2 })], [list({ number: 1 })]),
    /\(number 1\) is older than the current one, of .* \(number 2\)$/, 'of one second the number tells')
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
  const missing =
    /^the CRL of CN=B .* is missing, though its CA is still trusted; expected the same or a newer one$/
  const held = [list(), list({ ca: other.ca })]
  t.match(loss(held, [list()]), missing)
  t.match(loss([held[1]!], []), missing)
  t.equal(loss(held, [list()], [identity]), undefined, 'a CA that was removed')
  t.match(loss([list({ ca: other.ca, nextUpdate: new Date(now) })], []), missing,
    'a list that has ended still knows who was revoked')
  const renamed = parsePeerIdentity(remint(ca.der, { key: ca.key, subject: nameDer('C') }))
  t.equal(loss([list()], [], [renamed]), undefined, 'another CA with the same key')
  t.equal(describeCrlLoss([], [parseCrl(craftCrl({ ca }))], { issuers }), undefined, 'a list that nobody has verified')
  t.end()
})

test('a CA keeps counting while it leads to an anchor, though it is configured no longer', async (t) => {
  const below = wrapCa(await ca.intermediate({ subject: [{ type: 'CN', value: 'Below' }] }))
  const held = [parseCrl(craftCrl({ ca: below.ca, ...ago(1) }), { issuers: [below.identity] })]
  const kept = (anchors: PeerIdentity[]): unknown[] => crlIssuersToKeep(held,
    anchors).map(({ subject }) => subject?.commonName)
  t.strictSame(kept([below.identity]), ['Below'], 'it is an anchor itself')
  t.strictSame(kept([other.identity, identity]), ['Below'], 'it is below one')
  t.strictSame(kept([other.identity]), [], 'it is below another')
  t.strictSame(kept([]), [])
  t.match(loss(held, [], [identity]),
    /^the CRL of CN=Below .* is missing, though its CA is still trusted/,
    'and its list counts with it')
  t.equal(loss(held, [], [other.identity]), undefined, 'who removes its root may remove its list')
  t.equal(describeCrlLoss([], held, { issuers: [identity], anchors: [other.identity], now }), undefined,
    'an issuer of lists is no root')
  const end = held[0]!.nextUpdate
  t.match(loss(held, [], [identity], end - 1), /is missing/)
  t.equal(loss(held, [], [identity], end), undefined, 'who waits until it has ended may remove it too')
})

test('a delta counts as long as the complete list it adds to', async (t) => {
  const below = wrapCa(await ca.intermediate({ subject: [{ type: 'CN', value: 'Below' }] }))
  const signed = (craft: Partial<CrlCraft>): CrlIndex => parseCrl(craftCrl({ ca: below.ca, ...ago(1), ...craft }),
    { issuers: [below.identity] })
  const complete = signed({ number: 5 })
  const added = signed({
    number: 6,
    nextUpdate: new Date(now - 1000),
    extensions: [extension('2.5.29.27', true, integer(5))]
  })
  t.match(loss([complete, added], [complete], [identity]), /^the delta CRL of CN=Below .* is missing/)
})

test('a CA leads to an anchor by another certificate of its own', async (t) => {
  const root = await makeCa({ subject: [{ type: 'CN', value: 'Root' }] })
  const crossed = parsePeerIdentity(remint(other.ca.der, { key: root.ca.key, issuer: nameDer('Root') }))
  const held = [parseCrl(craftCrl({ ca: other.ca, ...ago(1) }), { issuers: [other.identity] })]
  const namesOf = (found: readonly PeerIdentity[]): string[] => found.map(({
    subject,
    issuer
  }) => `${subject?.commonName} by ${issuer?.commonName}`)
  t.strictSame(crlIssuersToKeep(held, [root.identity]), [])
  t.strictSame(namesOf(crlIssuersToKeep(held, [root.identity], [other.identity, crossed])), ['B by B', 'B by Root'])
  t.match(describeCrlLoss([], held, { issuers: [root.identity], between: [crossed], now }), /CRL of CN=B .* is missing/)
  t.strictSame(crlIssuersToKeep(held, [identity], [root.identity, crossed]), [], 'it leads to another root')
})

test('a CA leads to an anchor by one that has no list', async (t) => {
  const middle = await ca.intermediate({ subject: [{ type: 'CN', value: 'Middle' }] })
  const lowest = wrapCa(await middle.intermediate({ subject: [{ type: 'CN', value: 'Lowest' }] }))
  const held = [parseCrl(craftCrl({ ca: lowest.ca, ...ago(1) }), { issuers: [lowest.identity] })]
  const between = [parsePeerIdentity(middle.der)]
  t.strictSame(crlIssuersToKeep(held, [identity]), [])
  const kept = crlIssuersToKeep(held, [identity], between).map(({ subject }) => subject?.commonName)
  t.strictSame(kept, ['Lowest', 'Middle'], 'which is kept, so that the next rotation finds the way too')
  t.match(describeCrlLoss([], held, { issuers: [identity], between, now }), /is missing/)
})

test('of several lists of one kind the latest counts, for a checker too, whatever its number', async (t) => {
  const crls = [craftCrl({ ca, number: 3, ...ago(1), entries: [entry('01')] }),
    craftCrl({ ca, number: 900, ...ago(5) })]
  const [held, old] = crls.map((der) => parseCrl(der, { issuers })) as [CrlIndex, CrlIndex]
  t.equal(loss([held], [old, held]), undefined)
  t.match(loss([held], [old]), /\(number 900\) is older than the current one/)
  for (const given of [crls, crls.toReversed()]) {
    const checker = crlChecker({ crls: given, issuers, now: clock.now })
    t.equal((await checker.check(parsePeerIdentity((await ca.issue({ serialNumber: '01' } as object)).der),
      identity)).state, 'revoked')
    await checker.close()
  }
})

test('of lists of one time and number, none is lost that lists others', (t) => {
  const two = list({ entries: [entry('01'), entry('02')] })
  const one = list({ entries: [entry('01')] })
  const third = list({ entries: [entry('03'), entry('04'), entry('05')] })
  const swapped =
    /^the CRL of CN=A .* lacks certificates that the current one of the same time and number lists; expected both or/
  t.match(loss([two], [one]), swapped)
  t.equal(loss([one], [two]), undefined, 'one that lists more')
  t.match(loss([two], [third]), swapped, 'one that lists more, but others')
  t.equal(loss([two], [third, two]), undefined, 'both')
  t.match(loss([third, two], [third]), swapped)
  t.equal(loss([two, third], [list({ ...ago(0.5) })]), undefined, 'a newer one')
  const numbered = (...serials: string[]): CrlIndex => list({
    number: 5,
    entries: serials.map((serial) => entry(serial))
  })
  t.match(loss([numbered('01')], [numbered('02', '03')]), /\(number 5\) lacks certificates/)
  const long = `01${'00'.repeat(30)}`
  t.equal(loss([numbered('01', long)], [numbered(long, '02', '01')]), undefined)
  t.match(loss([numbered('01', long)], [numbered('01', '02')]), /lacks/)
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

test('a whole list is replaced by partitions only when it has ended', (t) => {
  const partition = (name: string, hours: number, craft: Partial<CrlCraft> = {}): CrlIndex =>
    list({ ...ago(hours), ...craft, extensions: [distributionPoint(`http://c/${name}`)] })
  const end = now + HOUR
  const whole = list({ nextUpdate: new Date(end), entries: [entry('01')] })
  const parts = new RegExp('^the CRL of CN=A .* is missing, which covers all certificates; ' +
    'the others cover only a part of them; ' +
    `expected it as well until it expires on ${new Date(end).toISOString()}$`)
  t.match(loss([whole], [partition('A', 0)]), parts)
  t.match(loss([whole], [partition('A', 0), partition('B', 0)]), parts, 'nobody knows whether all are there')
  t.equal(loss([whole], [partition('A', 0), whole]), undefined)
  t.match(loss([whole, partition('A', 0)], [partition('A', 0)], issuers, end - 1), parts)
  t.equal(loss([whole, partition('A', 0)], [partition('A', 0)], issuers, end), undefined, 'now it has ended')
  t.match(loss([whole], [partition('A', 2)], issuers, end), /is missing/, 'but not by an older part')
  const users = list({ ...ago(0), extensions: [distributionPoint('http://c/A', { 1: true })] })
  t.match(loss([whole], [users], issuers, end), /is missing/, 'nor by one that says nothing of CAs')
  t.match(loss([partition('A', 1), partition('B', 1)], [partition('A', 0)]), /is missing/,
    'nor does one part replace another')
  t.end()
})

test('a list for all is a loss where it is older than a part in force', (t) => {
  const partition = list({ extensions: [distributionPoint('http://c/A')] })
  const older = /^the CRL of CN=A .* is older than the current one for a part of its certificates, of /
  t.match(loss([partition], [partition, list(ago(2))]), older)
  t.match(loss([partition], [partition, list({ ...users, ...ago(2) })]), older)
  t.match(loss([list(users)], [list(users), list(ago(2))]), older)
  t.equal(loss([partition], [partition, list(ago(0.5)), list(ago(2))]), undefined, 'with a newer one beside it')
  t.equal(loss([partition, list(ago(2))], [partition, list(ago(2))]), undefined, 'one that is in force as well')
  t.equal(loss([list(users)], [list(users), list({ ...authorities, ...ago(2) })]), undefined, 'a part for others')
  t.equal(loss([partition], [partition, list({ ca: other.ca, ...ago(2) })]), undefined, 'a list of another CA')
  t.end()
})

test('a list that has not begun takes the place of none', (t) => {
  const future = (more: Partial<CrlCraft> = {}): CrlIndex => list({
    ...ago(-1),
    nextUpdate: new Date(now + 5 * HOUR),
    ...more
  })
  const early = /^the CRL of CN=A .* starts on .*; expected the current one, of .*, as well until then$/
  t.match(loss([list()], [future()]), early)
  t.equal(loss([list()], [list(), future()]), undefined, 'beside the one in force')
  t.match(loss([list()], [list(ago(2)), future()]), /is older/)
  t.equal(loss([list()], [future()], issuers, now + HOUR - 60_000), undefined, 'it begins, a minute early')
  t.match(describeCrlLoss([future()], [list()], { issuers, now, clockSkew: HOUR - 1 }), early)
  t.equal(describeCrlLoss([future()], [list()], { issuers, now, clockSkew: HOUR }), undefined)
  t.match(loss([list(users), list(authorities)], [future()]), /is missing/, 'a whole one in place of the parts')
  t.equal(loss([list(), future()], [list()]), undefined, 'nobody has relied on it: it may be taken back')
  t.equal(loss([future()], [list()]), undefined)
  t.match(loss([future()], []), /is missing/)
  t.equal(loss([future()], [], [other.identity]), undefined)
  t.end()
})

test('of deltas of one time and number, none is lost that says otherwise', (t) => {
  const base = list({ number: 5, ...ago(3), entries: [entry('01')] })
  const revoking = delta(6, 5, { entries: [entry('01'), entry('02')] })
  const removing = delta(6, 5, { entries: [entry('01', { extensions: [reasonCode(8)] }), entry('02')] })
  t.match(loss([base, revoking], [base, removing]), /^the delta CRL of CN=A .* lacks certificates/)
  t.equal(loss([base, revoking], [base, removing, revoking]), undefined)
  t.end()
})

test('a delta is not replaced by a complete list that was issued before it', (t) => {
  const base = list({ number: 1, ...ago(3) })
  const held = [base, delta(5, 1, { entries: [entry('01')] })]
  t.match(loss(held, [list({ number: 5, ...ago(2) })]), /^the delta CRL of .* is missing/)
  t.equal(loss(held, [list({ number: 5, ...ago(1) })]), undefined)
  t.match(loss(held, [list({ number: 4, ...ago(0) })]),
    /^the delta CRL of .* is missing, though its CA/)
  t.end()
})

test('a checker tells which of its lists have ended', async (t) => {
  const base = craftCrl({ ca, number: 5, ...ago(3), nextUpdate: new Date(now + 2 * HOUR) })
  const end = new Date(now + HOUR)
  const deltaDer = craftCrl({
    ca,
    number: 6,
    ...ago(2),
    nextUpdate: end,
    extensions: [extension('2.5.29.27', true, integer(5))]
  })
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
