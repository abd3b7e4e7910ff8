import { test } from 'tap'
import { CertificateSet, joinCandidates } from '../src/certificate/certificate-set.ts'
import { Certificate } from '../src/certificate/certificate.ts'
import { CertificateStore, tailOf } from '../src/memory/certificate-store.ts'
import { DecisionMemory } from '../src/memory/decision-memory.ts'
import { PendingDecisions } from '../src/memory/pending-decisions.ts'
import { element, oid } from '@peerkit/test-support/der'
import { Party, altNames } from '@peerkit/test-support/mint'

const root = new Party('CN=root')
const make = (name: string): Certificate => new Certificate(root.certify(new Party(`CN=${name}`)))
const [a, b, c, twin] = [make('a'), make('b'), make('c'), make('a')]
/** Eleven octets, which take 300 bytes once they are read. */
const OTHER_NAME = element(0xa0, oid('1.2.3'), element(0xa0, element(0x05)))
/** Another certificate that ends in the same octets. */
const likeness = Buffer.concat([Buffer.from([1, 2, 3]), a.der.subarray(3)])

test('a certificate is kept under its last octets, and found by all of them', async (t) => {
  t.equal(tailOf(a.der), tailOf(likeness))
  t.equal(tailOf(Uint8Array.of(1, 2)).length, 2, 'also where it is shorter')
  const store = new CertificateStore(10)
  store.add(a)
  t.equal(store.find(new Uint8Array(a.der)), a)
  t.equal(store.find(likeness), undefined)
  t.equal(store.find(a.der.subarray(1)), undefined)
})

test('a store keeps so many certificates, by name those added last first', async (t) => {
  const store = new CertificateStore(3)
  for (const each of [a, twin, b]) store.add(each)
  t.strictSame(store.named(a.subjectKey), [twin, a])
  store.add(a)
  t.strictSame([store.size, store.named(a.subjectKey)], [3, [a, twin]], 'once, and as the one used last')
  store.add(c)
  t.strictSame([store.size, store.find(twin.der), store.named(a.subjectKey)], [3, undefined, [a]])
  store.add(make('d'))
  t.strictSame([store.find(b.der), store.named(b.subjectKey)], [undefined, []])
  const none = new CertificateStore(0)
  none.add(a)
  t.strictSame([none.size, none.named(a.subjectKey)], [0, []])
})

test('decisions are found by the exact bytes of the leaf and of what was sent, in its order', async (t) => {
  const memory = new DecisionMemory<string>(10, 1_000)
  memory.add(a, [b, c], 'bc', 1)
  memory.add(a, [c, b], 'cb', 1)
  memory.add(a, [], 'alone', 1)
  const find = (leaf: Uint8Array, ...sent: readonly Uint8Array[]): string | undefined =>
    memory.find(leaf, sent)?.decision
  t.strictSame([find(a.der, b.der, c.der), find(a.der, c.der, b.der), find(a.der)], ['bc', 'cb', 'alone'])
  t.strictSame(
    [find(a.der, b.der), find(a.der, b.der, c.der, c.der), find(likeness, b.der, c.der), find(b.der)],
    Array(4).fill(undefined)
  )
  t.strictSame(
    memory.findAny(a.der).map(({ decision }) => decision),
    ['alone', 'cb', 'bc'],
    'the last comes first'
  )
  t.strictSame([memory.findAny(likeness), memory.findAny(b.der)], [[], []])
  memory.add(a, [b, c], 'again', 1)
  t.strictSame([memory.size, find(a.der, b.der, c.der)], [3, 'again'], 'a new one takes the place of the old')
})

test('of one leaf four chains are remembered', async (t) => {
  const memory = new DecisionMemory<number>(10, 1_000)
  const lists = [[], [b], [c], [b, c], [c, b]]
  for (const [index, sent] of lists.entries()) memory.add(a, sent, index, 1)
  t.strictSame(
    [memory.size, memory.find(a.der, []), memory.findAny(a.der).map(({ decision }) => decision)],
    [4, undefined, [4, 3, 2, 1]]
  )
})

test('when the memory is full the oldest goes that nobody asked for since it was last passed over', async (t) => {
  const memory = new DecisionMemory<string>(2, 1_000)
  memory.add(a, [], 'a', 1)
  memory.add(b, [], 'b', 1)
  t.equal(memory.find(a.der, [])?.decision, 'a')
  memory.add(c, [], 'c', 1)
  t.strictSame(
    [a, b, c].map(({ der }) => memory.find(der, [])?.decision),
    ['a', undefined, 'c']
  )
  t.equal(memory.size, 2)
  for (const name of ['d', 'e', 'f']) memory.add(make(name), [], name, 1)
  t.equal(memory.size, 2, 'also where all were used')
  const none = new DecisionMemory<string>(0, 1_000)
  none.add(a, [], 'a', 1)
  t.strictSame([none.size, none.find(a.der, [])], [0, undefined])
})

test('decisions are bounded by their weight', async (t) => {
  const memory = new DecisionMemory<string>(10, 160)
  for (const each of [a, b, c]) memory.add(each, [], 'light', 10)
  memory.add(make('d'), [], 'heavy', 11)
  t.equal(memory.size, 3, 'what is heavier than a sixteenth of all is not kept')
  const few = new DecisionMemory<string>(1_000, 160)
  for (let index = 0; index < 40; index += 1) few.add(make(`n${index}`), [], 'light', 8)
  t.equal(few.size, 20)
})

test('a store is bounded by the weight of its certificates', async (t) => {
  const store = new CertificateStore(1_000)
  const heavy = (index: number, names: number): Certificate => new Certificate(root.certify(new Party(`CN=h${index}`), {
    extensions: [altNames(...Array.from({ length: names }, () => OTHER_NAME))]
  }))
  const friend = make('friend')
  store.add(friend)
  const tooHeavy = heavy(0, 3_300)
  t.equal(store.hasRoomFor(tooHeavy), false)
  store.add(tooHeavy)
  t.strictSame([store.has(tooHeavy), store.size], [false, 1], 'one of more than a megabyte is not kept')
  const all = Array.from({ length: 20 }, (_, index) => heavy(index, 2_600))
  t.equal(store.hasRoomFor(all[0]!), true)
  for (const each of all) store.add(each)
  t.ok(store.size > 14 && store.size < 20, String(store.size))
  t.equal(store.hasRoomFor(all[0]!), false)
  t.strictSame([store.has(all[0]!), store.has(all.at(-1)!)], [false, true], 'the first that came goes')
  t.equal(store.has(new Certificate(all.at(-1)!.der)), false, 'a copy is not in it')
  for (const each of all) store.add(each)
  t.ok(store.size > 14 && store.size < 20, 'those that come again are counted once')
})

test('a decision under way is joined by who asks the same, for five seconds', async (t) => {
  const pending = new PendingDecisions<string>()
  let settle: (value: string) => void = () => {}
  const running = pending.add(
    a.der,
    [b.der],
    false,
    new Promise((resolve) => {
      settle = resolve
    }),
    1_000
  )
  t.equal(pending.find(new Uint8Array(a.der), [new Uint8Array(b.der)], false, 1_000), running)
  for (const [leaf, sent, resumed, now] of [
    [a.der, [], false, 1_000],
    [a.der, [c.der], false, 1_000],
    [likeness, [b.der], false, 1_000],
    [a.der, [b.der], true, 1_000],
    [a.der, [b.der], false, 6_000]
  ] as const) {
    t.equal(pending.find(leaf, sent, resumed, now), undefined)
  }
  t.equal(pending.find(a.der, [b.der], false, 5_999), running)
  const other = pending.add(a.der, [], true, Promise.resolve('other'), 2_000)
  settle('done')
  t.strictSame([await running, await other], ['done', 'other'])
  t.equal(pending.size, 0, 'and is forgotten when it is there')
  t.equal(pending.find(a.der, [b.der], false, 2_000), undefined)
})

test('decisions that fail are forgotten, and those that never come do not fill the memory', async (t) => {
  const pending = new PendingDecisions<string>()
  await t.rejects(pending.add(a.der, [], false, Promise.reject(new Error('broken')), 0), { message: 'broken' })
  t.equal(pending.size, 0)
  const never = new Promise<string>(() => {})
  for (const [index, { der }] of [a, b, c].entries()) pending.add(der, [], false, never, index * 2_000)
  pending.add(a.der, [b.der], false, never, 4_000)
  t.equal(pending.size, 3)
  pending.add(make('d').der, [], false, never, 9_000)
  t.equal(pending.size, 1)
})

test('a leaf that came again is among the young ones, and an old one before it is dropped', async (t) => {
  const pending = new PendingDecisions<string>()
  const never = new Promise<string>(() => {})
  pending.add(a.der, [], false, never, 0)
  pending.add(b.der, [], false, never, 1_000)
  const again = pending.add(a.der, [c.der], false, never, 4_000)
  t.ok(pending.find(a.der, [], false, 4_000), 'the first one of the leaf can still be joined')
  pending.add(c.der, [], false, never, 6_100)
  t.equal(pending.size, 2)
  t.equal(pending.find(a.der, [c.der], false, 6_100), again)
})

test('decisions under way can be forgotten all at once', async (t) => {
  const pending = new PendingDecisions<string>()
  const first = pending.add(a.der, [], false, Promise.resolve('first'), 0)
  pending.clear()
  t.equal(pending.find(a.der, [], false, 0), undefined)
  const second = pending.add(a.der, [], false, new Promise(() => {}), 0)
  t.equal(await first, 'first')
  t.equal(pending.find(a.der, [], false, 0), second, 'and one that is there then takes no other with it')
})

test('a pool has each certificate once, by name, and none whose names cannot be read', async (t) => {
  const garbage = Buffer.from('300d310b300906035504030c02fffe', 'hex')
  const unreadable = [{ subjectName: garbage }, { issuerName: garbage }].map((options) =>
    new Certificate(root.certify(new Party('CN=a'), options))
  )
  const pool = new CertificateSet([a, twin, new Certificate(new Uint8Array(a.der)), ...unreadable, b])
  t.strictSame(pool.named(a.subjectKey), [a, twin])
  t.strictSame(pool.named(c.subjectKey), [])
  t.strictSame(
    [pool.has(a), pool.has(new Certificate(new Uint8Array(a.der))), pool.has(c), pool.has(unreadable[0]!)],
    [true, true, false, false]
  )
  t.strictSame([...pool], [a, twin, b])
  t.strictSame(joinCandidates([new CertificateSet([b]), pool, new CertificateSet([twin])]).named(a.subjectKey), [
    a,
    twin,
    twin
  ])
})
