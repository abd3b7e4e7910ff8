import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import {
  checkChain, combineCheckers, crlChecker, type RevocationChecker, type RevocationStatus
} from '../src/index.ts'
import { makeCa, wrapCa } from './support/identities.ts'

const root = await makeCa()
const middle = wrapCa(await root.ca.intermediate())
const issued = await middle.ca.issue({ cn: 'leaf' })
const leaf = parsePeerIdentity(issued.der, { chain: [middle.identity, root.identity] })
const bare = parsePeerIdentity(issued.der)
const issuers = [root.identity, middle.identity]
const HOUR = 3_600_000
const crl = async (from: typeof root, hours = 1): Promise<string> =>
  (await from.ca.crl({ nextUpdate: new Date(Date.now() + hours * HOUR) })).pem

/** A checker that says the same of everyone. */
function saying (
  status: RevocationStatus | Promise<RevocationStatus> | Error, permits = false
): RevocationChecker & { moves (): void, closed: boolean } {
  const listeners = new Set<() => void>()
  return {
    epoch: 1,
    check: () => { if (status instanceof Error) throw status; return status },
    permits: (answer) => answer.state === 'good' || (permits && answer.state === 'unknown'),
    subscribe: (listener) => { listeners.add(listener); return () => { listeners.delete(listener) } },
    moves () { (this as { epoch: number }).epoch++; for (const listener of listeners) listener() },
    async close () { this.closed = true },
    closed: false
  }
}

const good = (until: number): RevocationStatus => ({ state: 'good', source: 'ocsp', until })
const revoked: RevocationStatus = { state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined }
const unknown = (why: string): RevocationStatus => ({ state: 'unknown', why })
/** The answers of `good` end after 1970 began. */
const now = (): number => 0

test('a chain is good as long as the first of its answers', async (t) => {
  const checker = crlChecker({ crls: [await crl(root, 1), await crl(middle, 2)], issuers })
  t.match(checkChain(checker, leaf), { state: 'good', permitted: true, certificate: middle.identity })
  t.match(checkChain(checker, bare, { chain: leaf.chain! }), { state: 'good', permitted: true })
  await checker.close()
})

test('a chain is revoked with its intermediate, and unknown without a list for each issuer', async (t) => {
  const other = await makeCa()
  const checker = crlChecker({ crls: [await crl(middle)], issuers: [...issuers, other.identity] })
  t.match(
    checkChain(checker, leaf), { state: 'unknown', why: 'no_crl', permitted: false, certificate: middle.identity }
  )
  root.ca.revoke(middle.identity.serialNumber!)
  checker.replace([await crl(root), await crl(middle)])
  t.match(checkChain(checker, leaf), { state: 'revoked', permitted: false, certificate: middle.identity })
  await checker.close()
})

test('a certificate without a chain is unknown, unless it is revoked itself', async (t) => {
  const checker = crlChecker({ crls: [await crl(middle)], issuers })
  t.match(checkChain(checker, bare), { state: 'unknown', why: 'chain_unknown', permitted: false })
  middle.ca.revoke(bare.serialNumber!)
  checker.replace([await crl(middle)])
  t.match(checkChain(checker, bare), { state: 'revoked', certificate: bare })
  await checker.close()
})

test('a leaf issued by an anchor is asked about alone; of two unknown answers the one that the policy ' +
  'refuses decides', async (t) => {
  const direct = parsePeerIdentity(issued.der, { chain: [middle.identity] })
  t.match(checkChain(saying(good(Date.now() + HOUR)), direct), { state: 'good', certificate: direct })
  const pinned = parsePeerIdentity(issued.der, { chain: [] })
  t.match(checkChain(saying(good(5)), pinned, { now }), { state: 'good' }, 'a pinned leaf')
  const perIssuer: RevocationChecker = {
    ...saying(unknown('x')), permits: (_status, certificate) => certificate === leaf
  }
  t.match(checkChain(perIssuer, leaf), { certificate: middle.identity, permitted: false })
  t.match(checkChain(saying(unknown('x'), true), leaf), { state: 'unknown', permitted: true })
})

test('answers later where one answer comes later, and a checker that fails knows nothing', async (t) => {
  const later = checkChain(saying(Promise.resolve(good(9))), leaf, { now })
  t.ok(later instanceof Promise)
  t.match(await later, { state: 'good', until: 9 })
  t.match(checkChain(saying(new Error('x')), leaf), { why: 'check_failed', permitted: false })
  const rejected = Promise.reject(new Error('x'))
  t.match(await checkChain(saying(rejected), leaf), { why: 'check_failed' })
})

test('of several checkers any revoked counts, else any good, else nothing is known', async (t) => {
  const ask = (...answers: Parameters<typeof saying>[0][]) =>
    combineCheckers(answers.map((answer) => saying(answer)), { now }).check(leaf, middle.identity)
  t.match(ask(good(5), revoked), { state: 'revoked' })
  t.match(await ask(good(5), Promise.resolve(revoked)), { state: 'revoked' })
  t.match(ask(unknown('a'), good(5), good(4)), { state: 'good', until: 4 })
  for (const untils of [[4, 5, 6], [5, 4, 6], [6, 5, 4]]) {
    t.match(ask(...untils.map(good)), { state: 'good', until: 4 }, `the one that ends first, of ${untils.join()}`)
  }
  t.match(ask(unknown('a'), unknown('b'), unknown('a')), { state: 'unknown', why: 'a, b' })
  t.match(ask(new Error('x'), unknown('a')), { why: 'check_failed, a' })
  t.match(await ask(Promise.reject(new Error('x')), unknown('a')), { why: 'check_failed, a' })
})

test('an answer that another realm or library promises is awaited as any other', async (t) => {
  const promise = <Value>(value: Value): Promise<Value> => {
    return { then: (resolve: (value: Value) => void) => { resolve(value) } } as Promise<Value>
  }
  for (const ask of ['all', 'first'] as const) {
    const statusOf = (...answers: Parameters<typeof saying>[0][]) => {
      return combineCheckers(answers.map((answer) => saying(answer)), { ask, now }).check(leaf, middle.identity)
    }
    t.match(await statusOf(promise(unknown('a')), promise(revoked)), { state: 'revoked' }, ask)
    t.match(await statusOf(promise(revoked), good(5)), { state: 'revoked' }, ask)
    t.match(await statusOf(promise(unknown('a')), good(5)), { state: 'good' }, ask)
  }
  const mixed = combineCheckers([saying(good(5)), saying(promise(revoked))], { now })
  t.match(await mixed.check(leaf, middle.identity), { state: 'revoked' })
})

test('of a chain and its checkers the answer counts that ends first, wherever it is', async (t) => {
  const endingAt = (byName: (name: string | undefined) => RevocationStatus): RevocationChecker => ({
    ...saying(unknown('x'), true), check: ({ subject }) => byName(subject?.commonName)
  })
  const [below, above] = [leaf.subject?.commonName, middle.identity.subject?.commonName]
  t.not(below, above)
  for (const [ofLeaf, ofMiddle] of [[4, 5], [5, 4]] as const) {
    const checker = endingAt((name) => good(name === below ? ofLeaf : ofMiddle))
    t.match(checkChain(checker, leaf, { now }), { state: 'good', until: 4 }, `${ofLeaf}, ${ofMiddle}`)
  }
  for (const other of [below, above]) {
    const checker = endingAt((name) => name === other ? unknown('a') : good(4))
    t.match(checkChain(checker, leaf, { now }), { state: 'unknown', permitted: true }, `permitted, but not known, of ${other}`)
  }
})

test('revoked is what decides, wherever it is in a chain, and no policy permits it', async (t) => {
  const lax: RevocationChecker = { ...saying(revoked), permits: () => true }
  t.match(checkChain(lax, leaf), { state: 'revoked', permitted: false })
  const later: RevocationChecker = { ...lax, check: async () => revoked }
  t.match(await checkChain(later, leaf), { state: 'revoked', permitted: false })
  for (const other of [leaf, middle.identity]) {
    const checker: RevocationChecker = {
      ...saying(unknown('x')), check: ({ subject }) => subject?.commonName === other.subject?.commonName ? revoked : unknown('a')
    }
    t.match(checkChain(checker, leaf), { state: 'revoked', permitted: false, certificate: other }, String(other))
  }
})

test('a good answer that has ended when it is given is unknown, and the policy decides', async (t) => {
  const ended = { state: 'unknown', why: 'answer_expired', certificate: leaf }
  for (const answer of [good(Date.now() - 1), Promise.resolve(good(Date.now() - 1))]) {
    t.match(await checkChain(saying(answer), leaf), { ...ended, permitted: false })
    t.match(await checkChain(saying(answer, true), leaf), { ...ended, permitted: true })
  }
  t.match(checkChain(saying(good(0)), leaf, { now }), ended, 'from until on')
  t.match(checkChain(saying(good(1)), leaf, { now }), { state: 'good', permitted: true })
  t.match(checkChain(saying(good(Number.NaN)), leaf), { why: 'check_failed', permitted: false })
})

test('a good answer that has ended hides no other, and is not the one that decides', async (t) => {
  for (const ask of ['all', 'first'] as const) {
    for (const ended of [good(0), Promise.resolve(good(0))]) {
      const statusOf = async (other: RevocationStatus) => {
        return await combineCheckers([saying(ended), saying(other)], { ask, now }).check(leaf, middle.identity)
      }
      t.match(await statusOf(unknown('a')), { state: 'unknown', why: 'answer_expired, a' }, ask)
      t.match(await statusOf(good(5)), { state: 'good', until: 5 }, ask)
      t.match(await statusOf(revoked), { state: 'revoked' }, ask)
    }
  }
  const today = combineCheckers([saying(good(Date.now() - 1))])
  t.match(today.check(leaf, middle.identity), { why: 'answer_expired' }, 'by the clock of the machine')
})

test('a checker that says anything but the three states knows nothing', (t) => {
  const answers = [null, undefined, 'good', {}, { state: 'fine' }, { state: 'good' }, { state: 'good', until: '9' }]
  for (const odd of answers) {
    for (const ask of ['all', 'first'] as const) {
      const combined = combineCheckers([saying(odd as never), saying(unknown('a'))], { ask, now })
      t.match(combined.check(leaf, middle.identity), { state: 'unknown', why: 'check_failed, a' })
    }
    t.match(checkChain(saying(odd as never), leaf), { why: 'check_failed', permitted: false })
  }
  t.end()
})

test('a policy that answers anything but true permits nothing', async (t) => {
  for (const answer of [Promise.resolve(false), { then () {} }, 1, undefined]) {
    const odd = { ...saying(good(1)), permits: () => answer as never }
    t.equal(combineCheckers([odd]).permits(unknown('x'), leaf), false)
    t.match(checkChain(odd, leaf, { now }), { permitted: false })
  }
})

test('in mode "first" the first checker that knows decides, and no other is asked', async (t) => {
  const ask = (...answers: Parameters<typeof saying>[0][]) =>
    combineCheckers(answers.map((answer) => saying(answer)), { ask: 'first', now }).check(leaf, middle.identity)
  t.match(ask(unknown('a'), good(5), revoked), { state: 'good' })
  t.match(await ask(Promise.resolve(unknown('a')), revoked), { state: 'revoked' })
  t.match(await ask(Promise.resolve(good(1)), revoked), { state: 'good' })
  t.match(await ask(unknown('a'), Promise.resolve(unknown('b'))), { why: 'a, b' })
})

test('a combined checker moves, permits, tells and closes with its members', async (t) => {
  const strict = saying(good(1))
  const lax = saying(good(1), true)
  const checker = combineCheckers([strict, lax])
  let calls = 0
  const end = checker.subscribe(() => { calls++ })
  const epoch = checker.epoch
  lax.moves()
  t.ok(checker.epoch > epoch)
  t.equal(calls, 1)
  end()
  strict.moves()
  t.equal(calls, 1)
  t.notOk(checker.permits(unknown('x'), leaf))
  t.ok(checker.permits(good(1), leaf))
  await checker.close()
  t.ok(strict.closed && lax.closed)
  t.throws(() => combineCheckers([]), { code: 'MTLS_ERR_REVOCATION_OPTION' })
  t.throws(() => combineCheckers([strict], { ask: 'some' as 'all' }), { code: 'MTLS_ERR_REVOCATION_OPTION' })
})
