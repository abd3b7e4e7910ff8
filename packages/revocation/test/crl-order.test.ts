import { createPartialIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { crlChecker, crlUrlChecker, loadCrlChecker, parseCrl, type CrlChecker } from '../src/index.ts'
import { HOUR, makeClock } from './support/clock.ts'
import { craftCrl, entry, extension, integer, reasonCode, type CrlCraft } from './support/craft.ts'
import { startCrlServer } from './support/crl-server.ts'
import { makeCa } from './support/identities.ts'

// Which of several lists of one CA counts, and from when on.

const { ca, identity } = await makeCa({ subject: [{ type: 'CN', value: 'A' }] })
const start = makeClock().now()
const at = (hours: number): { thisUpdate: Date } => ({ thisUpdate: new Date(start + hours * HOUR) })
const craft = (more: Partial<CrlCraft>): Uint8Array => craftCrl({ ca, nextUpdate: new Date(start + 9 * HOUR), ...more })
const delta = (number: number, baseNumber: number, more: Partial<CrlCraft>): Uint8Array =>
  craft({ number, extensions: [extension('2.5.29.27', true, integer(baseNumber))], ...more })
const removed = entry('01', { extensions: [reasonCode(8)] })
const asker = (...crls: Uint8Array[]): {
  clock: ReturnType<typeof makeClock>,
  checker: CrlChecker,
  state: (serialNumber: string) => string
} => {
  const clock = makeClock(start)
  const checker = crlChecker({ crls, issuers: [identity], now: clock.now })
  const state = (serialNumber: string): string => {
    const status = checker.check(createPartialIdentity({ serialNumber, issuer: identity.subject! }), identity)
    return status.state === 'unknown' ? status.why : status.state
  }
  return { clock, checker, state }
}

test('a list in force counts until the next one begins', (t) => {
  const current = craft({ ...at(-1), number: 1, entries: [entry('01')] })
  const next = craft({ ...at(1), number: 2, entries: [entry('02')] })
  for (const crls of [[current, next], [next, current]]) {
    const { clock, checker, state } = asker(...crls)
    t.same(['01', '02', '03'].map(state), ['revoked', 'good', 'good'])
    const { epoch } = checker
    clock.set(start + HOUR - 60_001)
    t.same(['01', '02', '03'].map(state), ['revoked', 'good', 'good'])
    t.equal(checker.epoch, epoch)
    clock.advance(1)
    t.same(['01', '02', '03'].map(state), ['good', 'revoked', 'good'], 'it begins, a minute early')
    t.ok(checker.epoch > epoch, 'and earlier answers hold no longer')
    t.equal(checker.lists.length, 2)
  }
  t.same(['01', '02', '03'].map(asker(next).state), ['crl_not_yet_valid', 'revoked', 'crl_not_yet_valid'],
    'alone it says who is revoked')
  t.end()
})

test('a delta does nothing until it begins', (t) => {
  const base = craft({ ...at(-2), number: 1, entries: [entry('01')] })
  const { clock, state } = asker(base, delta(2, 1, { ...at(1), entries: [removed, entry('02')] }))
  t.same(['01', '02'].map(state), ['revoked', 'good'])
  clock.advance(HOUR)
  t.same(['01', '02'].map(state), ['good', 'revoked'])
  const earlier = asker(base, delta(2, 1, { ...at(-1), entries: [entry('03')] }),
    delta(3, 1, { ...at(1), entries: [removed] }))
  t.same(['01', '03'].map(earlier.state), ['revoked', 'revoked'], 'the one before it counts')
  t.throws(() => asker(craft({ ...at(-2), number: 1 }), delta(3, 2, at(1))),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'delta_without_base' }, 'it is checked all the same')
  const both = asker(base, craft({ ...at(1), number: 2 }), delta(3, 2, { ...at(1), entries: [entry('02')] }))
  t.same(['01', '02'].map(both.state), ['revoked', 'good'], 'it adds to a complete one of the future')
  both.clock.advance(HOUR)
  t.same(['01', '02'].map(both.state), ['good', 'revoked'])
  t.end()
})

test('a delta that has ended takes no revocation back, and keeps its own', (t) => {
  const base = craft({ ...at(-2), number: 1, entries: [entry('01')] })
  const { clock, checker, state } = asker(base,
    delta(2, 1, { ...at(-1), nextUpdate: new Date(start + HOUR), entries: [removed, entry('02')] }))
  t.same(['01', '02', '03'].map(state), ['good', 'revoked', 'good'])
  const { epoch } = checker
  clock.advance(HOUR)
  t.same(['01', '02', '03'].map(state), ['revoked', 'revoked', 'crl_expired'])
  t.ok(checker.epoch > epoch)
  t.end()
})

test('a delta that ends after its base is looked at once more when it ends', (t) => {
  const base = craft({ ...at(-2), number: 1, entries: [entry('01')], nextUpdate: new Date(start + HOUR) })
  const { clock, checker, state } = asker(base,
    delta(2, 1, { ...at(-1), nextUpdate: new Date(start + 2 * HOUR), entries: [removed] }))
  clock.advance(HOUR)
  t.same(state('01'), 'crl_expired')
  const { epoch } = checker
  clock.advance(HOUR)
  t.same(state('01'), 'revoked')
  t.ok(checker.epoch > epoch)
  t.same(checker.ended.length, 2)
  t.end()
})

test('a base that has ended says of nobody that he is good, however fresh its delta is', (t) => {
  const base = craft({ ...at(-2), number: 1, entries: [entry('01')], nextUpdate: new Date(start + HOUR) })
  const { clock, state } = asker(base, delta(2, 1, { ...at(-1), entries: [entry('02')] }))
  const states = (): string[] => ['01', '02', '03'].map(state)
  t.same(states(), ['revoked', 'revoked', 'good'])
  clock.advance(HOUR - 1)
  t.same(states(), ['revoked', 'revoked', 'good'])
  clock.advance(1)
  t.same(states(), ['revoked', 'revoked', 'crl_expired'])
  const late = asker(base, delta(2, 1, { ...at(2), entries: [entry('02')] }))
  late.clock.advance(3 * HOUR)
  t.same(['01', '02', '03'].map(late.state), ['revoked', 'revoked', 'crl_expired'], 'a delta that came after its end')
  const spent = asker(
    craft({ ...at(-2), number: 1 }), delta(2, 1, { ...at(-1), nextUpdate: new Date(start + HOUR), entries: [entry('02')] })
  )
  t.same(['02', '03'].map(spent.state), ['revoked', 'good'])
  spent.clock.advance(HOUR)
  t.same(['02', '03'].map(spent.state), ['revoked', 'crl_expired'], 'nor does a delta that has ended beside a fresh base')
  t.end()
})

test('of lists of one time and number all count', (t) => {
  const one = craft({ ...at(-1), number: 9, entries: [entry('01')] })
  const two = craft({ ...at(-1), number: 9, entries: [entry('02'), entry('03')] })
  for (const crls of [[one, two], [two, one], [one, two, one]]) {
    t.same(['01', '02', '03', '04'].map(asker(...crls).state), ['revoked', 'revoked', 'revoked', 'good'])
  }
  const base = craft({ ...at(-2), number: 1, entries: [entry('01')] })
  const { clock, checker, state } = asker(base, delta(2, 1, { ...at(-1), entries: [removed] }),
    delta(2, 1, { ...at(-1), entries: [entry('02')] }))
  t.same(['01', '02', '03'].map(state), ['revoked', 'revoked', 'good'], 'two deltas')
  clock.advance(9 * HOUR)
  t.equal(checker.ended.length, 3, 'each once')
  t.end()
})

test('a complete list does not overtake a delta that was issued after it', (t) => {
  const added = delta(5, 1, { ...at(-1), entries: [entry('01')] })
  t.equal(asker(craft({ ...at(-2), number: 5 }), added).state('01'), 'revoked')
  t.equal(asker(craft({ ...at(-1), number: 5 }), added).state('01'), 'good')
  t.end()
})

test('entries are told apart by a digest, whatever the size of the list', async (t) => {
  const many = Array.from({ length: 60_000 }, (_, i) => entry(`7000${i.toString(16).padStart(8, '0')}`))
  const lists = [many, many.toReversed(), many].map((entries) => craft({ ...at(-1), entries }))
  const { lists: [one, two, three] } = await loadCrlChecker({ crls: lists, issuers: [identity] })
  t.equal(one!.entriesDigest, three!.entriesDigest)
  t.not(one!.entriesDigest, two!.entriesDigest)
  t.match(parseCrl(craft(at(-1))).entriesDigest, /^e3b0c442/, 'of nothing')
  t.ok(one!.isCoveredBy(two!))
  await t.resolves(loadCrlChecker({ crls: lists, issuers: [identity] }))
})

test('a URL that serves a list of the future takes nothing back', async (t) => {
  const server = await startCrlServer()
  t.teardown(async () => { await server.close() })
  const clock = makeClock(start)
  server.files.set('/a.crl', craft({ ...at(-1), number: 1, entries: [entry('01')] }))
  const checker = await crlUrlChecker({ urls: [`${server.url}/a.crl`], issuers: [identity], now: clock.now })
  t.teardown(async () => { await checker.close() })
  const state = async (): Promise<string> => (await checker.check(createPartialIdentity({
    serialNumber: '01',
    issuer: identity.subject!
  }), identity)).state
  server.files.set('/a.crl', craft({ ...at(1), number: 2 }))
  await checker.refresh()
  t.equal(await state(), 'revoked')
  await checker.refresh()
  t.equal(await state(), 'revoked')
  clock.advance(HOUR)
  t.equal(await state(), 'good')
  server.files.set('/a.crl', craft({ ...at(1), number: 2, entries: [entry('01'), entry('02')] }))
  await checker.refresh()
  t.equal(await state(), 'revoked', 'one that lists more')
  t.equal(checker.lists.length, 1, 'what was overtaken is let go')
  server.files.set('/a.crl', craft({ ...at(1), number: 2, entries: [entry('03'), entry('04'), entry('05')] }))
  await t.rejects(checker.refresh(), { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'rolled_back' },
    'one of the same time and number without it')
  t.equal(await state(), 'revoked')
})
