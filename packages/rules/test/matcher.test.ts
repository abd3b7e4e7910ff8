import { createPartialIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import type { Test } from 'tap'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import { compileRules } from '../src/index.ts'
import type { Authorizer, ReadRequestValue, RuleInvalidError, Verdict } from '../src/index.ts'
import { readAttribute } from '../src/language/values/name.ts'
import { RulePath } from '../src/language/rule-path.ts'
import { readFingerprint } from '../src/language/values/certificate-fields.ts'
import { AnyOfValues } from '../src/match/any-of-values.ts'
import { FALSE, PeerValues, TRUE } from '../src/match/condition.ts'
import type { Clause, Condition } from '../src/match/condition.ts'
import { Matcher, NONE, UNDECIDED } from '../src/match/matcher.ts'
import { evaluateNaively } from './naive/evaluate.ts'
import type { NaiveQuestion } from './naive/evaluate.ts'
import { crowdedIdentity, crowdedRuleSet } from './naive/generate-crowded.ts'
import { randomIdentity, randomQuestion, randomRuleSet } from './naive/generate.ts'
import { Random } from './naive/random.ts'
import { packFrom } from './pack-from.ts'

for (const from of [Infinity, 0]) {
  const how = from === 0 ? 'packed' : 'as objects'
  test(`decides as the naive evaluator does, ${how}`, async (t) => {
    packFrom(t, from)
    const seen = compareWithNaive(t, rounds(3000), randomRuleSet, randomIdentity)
    t.equal(Object.keys(seen).length, 4, JSON.stringify(seen))
  })

  test(`of many rules about few values the first that holds decides, ${how}`, async (t) => {
    packFrom(t, from)
    const seen = compareWithNaive(t, Math.max(30, rounds(300)), crowdedRuleSet, crowdedIdentity)
    t.same(Object.keys(seen).sort(), ['allowed', 'incomplete_identity', 'no_match'])
  })
}

/** Compares verdicts and explanations over random rule sets and identities. Returns how often which verdict was seen. */
function compareWithNaive (
  t: Test, sets: number, makeSet: typeof randomRuleSet, makeIdentity: (random: Random) => PeerIdentity
): Readonly<Record<string, number>> {
  const seed = seedOf(20261123)
  t.comment(`seed ${seed}`)
  const random = new Random(seed)
  const seen: Record<string, number> = {}
  let question = randomQuestion(random)
  let contradictory = 0
  for (let set = 0; set < sets; set++) {
    const { rules, groups } = makeSet(random)
    const authorizer = compileUnlessContradictory(rules, groups, () => question.now)
    if (authorizer === undefined) {
      contradictory++
      continue
    }
    for (let i = 0; i < 8; i++) {
      const peer = makeIdentity(random)
      question = randomQuestion(random)
      const naive = evaluateNaively(rules, groups, peer, question)
      const verdict = authorizer.authorize(peer, question.request) as Verdict
      // Whether the certificate or the request leaves something open, the naive one does not say.
      const isOpen = !verdict.allowed && verdict.reason === 'incomplete_request'
      const expected = isOpen && naive.reason === 'incomplete_identity' ? { ...naive, reason: verdict.reason } : naive
      const kind = expected.allowed ? 'allowed' : expected.reason!
      seen[kind] = (seen[kind] ?? 0) + 1
      if (JSON.stringify(verdict) !== JSON.stringify(expected)) {
        t.same(verdict, expected, `set ${set}, identity ${i}: ${JSON.stringify({ rules, groups, peer, question })}`)
        return seen
      }
      const { closest } = authorizer.explain(peer, question.request)
      if (closest === undefined || (closest.result === 'match') !== expected.allowed ||
        (expected.allowed && closest.rule !== expected.rule)) {
        t.fail(`set ${set}, identity ${i} is explained otherwise: ${JSON.stringify({ rules, groups, peer, closest })}`)
        return seen
      }
    }
  }
  // A test in which one side never occurs would prove nothing.
  t.ok(Object.values(seen).every((count) => count > sets / 6), JSON.stringify(seen))
  t.ok(contradictory < sets / 4, `${contradictory} contradictory sets`)
  return seen
}

/** `undefined` for a set with a rule that excludes itself, which chance makes now and then. */
function compileUnlessContradictory (
  rules: unknown[], groups: Record<string, unknown>, now: () => number
): Authorizer | undefined {
  const requestValue: ReadRequestValue = (request: NonNullable<NaiveQuestion['request']>, source, name) => {
    return request[`${source} ${name}`] ?? []
  }
  try {
    return compileRules(rules as never, { groups: groups as never, requestValue, now })
  } catch (error) {
    if ((error as RuleInvalidError).reason === 'never_matches' && (error as RuleInvalidError).path.endsWith('.not')) {
      return undefined
    }
    throw error
  }
}

const path = new RulePath('test')
const anyOf = (oid: string, ...values: string[]): AnyOfValues =>
  new AnyOfValues(values.map((value) => readAttribute('subject', oid, value, path)))
const CN = '2.5.4.3'
const O = '2.5.4.10'

const fingerprint = new AnyOfValues([readFingerprint('ab'.repeat(32), path)])

const always: Condition = { test: () => TRUE }
const never: Condition = { test: () => FALSE }

/** A condition that counts how often it is asked. */
class Counter implements Condition {
  asked = 0
  test (): 0 | 1 | 2 {
    this.asked++
    return TRUE
  }
}

test('looks only at clauses that one of the peer\'s own values names', async (t) => {
  const counter = new Counter()
  const clauses: Clause[] = Array.from(
    { length: 10_000 },
    (_, ordinal) => ({ ordinal, conditions: [anyOf(O, 'Acme'), anyOf(CN, `service-${ordinal}`), counter] })
  )
  const matcher = new Matcher(clauses)
  t.equal(matcher.find(new PeerValues(createPartialIdentity({ subject: 'CN=service-9876,O=Acme' }))), 9876)
  t.equal(counter.asked, 1)
  t.equal(matcher.find(new PeerValues(createPartialIdentity({ subject: 'CN=stranger,O=Acme' }))), NONE)
  t.equal(counter.asked, 1)
})

test('a clause is tried for the condition that the fewest other clauses share, and for no other', async (t) => {
  const [many, some, one] = [5, 2, 1].map((count) => Array.from({ length: count }))
  const inOthers = (times: readonly unknown[], condition: AnyOfValues): readonly (readonly Condition[])[] => times.map(() => [condition, never])
  const [common, known, rare] = [anyOf(CN, 'common'), anyOf(O, 'known'), anyOf(CN, 'rare')]
  for (const [what, first, second, others] of [
    ['a common value and a rare one', known, rare, inOthers(many!, known)],
    ['the commonest value of a list counts', anyOf(CN, 'rare', 'common'), known, [...inOthers(many!, common), ...inOthers(some!, known)]],
    ['its last one too', anyOf(CN, 'common', 'rare'), known, [...inOthers(many!, common), ...inOthers(some!, known)]],
    ['of two that are as common, the one with fewer values', anyOf(CN, 'rare', 'seldom'), anyOf(O, 'known'), []],
    ['clauses with no other condition do not count', rare, known, [...many!.map(() => [known]), ...inOthers(one!, rare)]]
  ] as const) {
    for (const conditions of [[first, second], [second, first]]) {
      const counter = new Counter()
      const matcher = new Matcher([[counter, ...conditions, never], ...others].map((conditions, ordinal) => ({ ordinal, conditions })))
      const ask = ({ values }: AnyOfValues): number => {
        counter.asked = 0
        for (const { field: { name }, key } of values) {
          matcher.find(new PeerValues(createPartialIdentity({ subject: `${name.replace('subject:', '')}=${key}` })))
        }
        return counter.asked
      }
      t.same([ask(first), ask(second)], [0, second.values.length], what)
    }
  }
})

test('does not try every clause on an identity that lacks the indexed field', async (t) => {
  const counter = new Counter()
  const matcher = new Matcher(Array.from(
    { length: 10_000 }, (_, ordinal) => ({ ordinal, conditions: [anyOf(CN, `service-${ordinal}`), counter] })
  ))
  t.equal(matcher.find(new PeerValues(createPartialIdentity({ serialNumber: '01' }))), UNDECIDED)
  t.equal(counter.asked, 1)
  const other = new Counter()
  const pinned = new Matcher(Array.from({ length: 10_000 }, (_, ordinal) => {
    return { ordinal, conditions: [anyOf(CN, `service-${ordinal}`), anyOf(O, `tenant-${ordinal}`), fingerprint, other] }
  }))
  t.equal(
    pinned.find(new PeerValues(createPartialIdentity({ serialNumber: '01', fingerprint256: 'cd'.repeat(32) }))), NONE
  )
  t.equal(other.asked, 0)
})

test('finds one of many values whose rule asks for more', async (t) => {
  const values = Array.from({ length: 5000 }, (_, i) => `service-${i}`)
  const authorizer = compileRules([
    { cn: 'x', o: 'Acme' }, { cn: values, o: 'Acme' }, { o: 'Acme', not: { cn: values } }
  ])
  const verdict = (subject: string): unknown => authorizer.authorize(createPartialIdentity({ subject }))
  t.same(verdict('CN=service-4321,O=Acme'), { allowed: true, rule: 1, group: undefined })
  t.same(verdict('CN=service-5000,O=Acme'), { allowed: true, rule: 2, group: undefined })
  t.same(verdict('CN=service-4321,O=Other'), { allowed: false, reason: 'no_match' })
})

test('finds names of several attributes among many without trying each', async (t) => {
  const names = Array.from({ length: 2000 }, (_, i) => ({ cn: `service-${i}`, o: 'Acme' }))
  const authorizer = compileRules([{ subject: names, issuer: [{ cn: 'CA', o: 'a' }, { cn: 'CA', o: 'b' }] }])
  const peer = (cn: string, issuer: string): object =>
    authorizer.authorize(createPartialIdentity({ subject: `CN=${cn},O=Acme`, issuer }))
  t.match(peer('service-1999', 'CN=CA,O=b'), { allowed: true })
  t.match(peer('service-1999', 'CN=CA,O=c'), { allowed: false, reason: 'no_match' })
  t.match(peer('service-2000', 'CN=CA,O=b'), { allowed: false, reason: 'no_match' })
})

test('of several clauses about one value the first that holds is found, in whatever order they come', async (t) => {
  const a = anyOf(CN, 'a')
  const others = Array.from({ length: 20 }, (_, ordinal): Clause => ({ ordinal: ordinal + 100, conditions: [anyOf(CN, `other-${ordinal}`)] }))
  for (const [clauses, expected] of [
    [[[a, never], [a]], 1], [[[a], [a, always]], 0], [[[a, never], [a, always]], 1], [[[a, always], [a]], 0], [[[a], [a]], 0],
    [[[a, never], [a, never], [a]], 2], [[[a, never], [a, never], [a, always], [a]], 2], [[[a, never], [a], [a, always]], 1],
    [[[a, never], [a], [a]], 1], [[[a], [a, never], [a, always]], 0], [[[anyOf(CN, 'a', 'a'), never], [a]], 1],
    [[[anyOf(CN, 'a', 'b'), always], [a]], 0], [[[anyOf(CN, 'b', 'a')], [a, always]], 0], [[[a, never]], NONE], [[[a, never], [a, never]], NONE],
    [[[always], [a]], 0], [[[a, never], [always]], 1], [[[never], [a]], 1]
  ] as ReadonlyArray<readonly [readonly (readonly Condition[])[], number]>) {
    const matcher = new Matcher([...clauses.map((conditions, ordinal) => ({ ordinal, conditions })), ...others])
    const found = matcher.find(new PeerValues(createPartialIdentity({ subject: 'CN=a' })))
    t.equal(found, expected, JSON.stringify(clauses.map((conditions) => conditions.map((one) => one === always || one === never ? one === always : 'a'))))
  }
})

test('many patterns with common segments are all found', async (t) => {
  const patterns = Array.from({ length: 12 }, (_, index) => `spiffe://td/ns/*/sa/s${index}`)
  const more = ['spiffe://td/ns/a/**', 'spiffe://td/ns/b/sa/*', 'spiffe://td/*/c/sa/x']
  const allowed = (id: string): boolean => {
    const peer = createPartialIdentity({ serialNumber: '01', issuer: 'CN=CA', subjectAltNames: { uri: [id] } })
    const spiffe = [...patterns, ...more]
    // Alone it is the index of the rule. Beside a rarer value it is a condition that is tested.
    const answers = [{ spiffe }, { spiffe, serialNumber: '01', issuer: 'CN=CA' }].map((rule) => {
      return (compileRules([rule]).authorize(peer) as Verdict).allowed
    })
    t.equal(answers[0], answers[1], id)
    return answers[0]!
  }
  for (const [index] of patterns.entries()) t.equal(allowed(`spiffe://td/ns/z/sa/s${index}`), true, `s${index}`)
  for (const id of ['spiffe://td/ns/a/x/y', 'spiffe://td/ns/b/sa/y', 'spiffe://td/any/c/sa/x']) t.equal(allowed(id), true, id)
  for (const id of ['spiffe://td/ns/z/sa/s12', 'spiffe://td/ns/z/sa', 'spiffe://td/ns/a', 'spiffe://td/ns/z/sa/s1/x', 'spiffe://td/ns/c/sb/x']) {
    t.equal(allowed(id), false, id)
  }
})
