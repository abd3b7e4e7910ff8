// Which rules never decide, because another one matches all that they match.
import { test } from 'tap'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import { RulePath } from '../src/language/rule-path.ts'
import type { ParsedRule } from '../src/language/parsed-rule.ts'
import { readRule } from '../src/language/read-rule.ts'
import { isCoveredBy } from '../src/lint/covers.ts'
import { ruleHolds } from './naive/evaluate.ts'
import { randomIdentity, randomQuestion, randomRule } from './naive/generate.ts'
import { Random } from './naive/random.ts'

const parse = (rule: object): ParsedRule => readRule(rule, new RulePath('rule'), { authorityCheck: undefined, bindings: [] })
const covers = (wide: object, narrow: object): boolean => isCoveredBy(parse(narrow), parse(wide))

test('a pattern, a range and a kind without a value cover what they match, and nothing else', async (t) => {
  for (const [key, wide, narrow, others] of [
    ['spiffe', 'spiffe://td', ['spiffe://td/a', 'spiffe://td/*', 'spiffe://td/a/**'], ['spiffe://te/a', 'spiffe://te']],
    ['spiffe', 'spiffe://td/a/**', ['spiffe://td/a/b', 'spiffe://td/a/b/c', 'spiffe://td/a/*', 'spiffe://td/a/*/c', 'spiffe://td/a/b/**'], ['spiffe://td/a', 'spiffe://td/b/*', 'spiffe://td/*/a', 'spiffe://td/*/b', 'spiffe://td']],
    ['spiffe', 'spiffe://td/*/**', ['spiffe://td/a/b', 'spiffe://td/*/b'], ['spiffe://td/*', 'spiffe://td/a']],
    ['spiffe', 'spiffe://td/a/*', ['spiffe://td/a/b', 'spiffe://td/a/*'], ['spiffe://td/a/b/c', 'spiffe://td/a/**', 'spiffe://td/*/b']],
    ['uri', 'https://h/a/**', ['https://h/a/b', 'https://h/a/*'], ['https://h/a', 'https://h', 'https://i/a/b', 'urn:a', 'https://h/*']],
    ['dns', '*.x', ['a.x', '*.x'], ['x', 'a.b.x', '*.a.x', 'a.y']],
    ['ip', '10.0.0.0/8', ['10.0.0.0/8', '10.0.0.0/16', '10.1.2.3', '::ffff:10.1.2.3'], ['10.0.0.0/7', '11.0.0.0/8', '11.0.0.1', '::/8', '::1']],
    ['ip', '2001:db8::/32', ['2001:db8::1', '2001:db8:1::/48'], ['2001:db9::1', '2001::/16', '10.0.0.1']],
    ['cn', ['a', 'b'], ['a', ['b', 'a'], ['a', 'a']], ['c', ['a', 'c']]],
    ['otherName', { oid: '1.2.3' }, [{ oid: '1.2.3', value: 'a' }, { oid: '1.2.3' }], [{ oid: '1.2.4', value: 'a' }, { oid: '1.2.4' }]],
    ['otherName', { oid: '1.2.3', value: 'a' }, [{ oid: '1.2.3', value: 'a' }], [{ oid: '1.2.3', value: 'b' }, { oid: '1.2.3' }]]
  ] as const) {
    for (const one of narrow) {
      t.equal(covers({ [key]: wide }, { [key]: one }), true, `${key} ${JSON.stringify(wide)} and ${JSON.stringify(one)}`)
      t.equal(covers({ [key]: wide }, { [key]: one, o: 'Acme' }), true, 'also with another key')
      t.equal(covers({ [key]: wide, o: 'Acme' }, { [key]: one }), false, 'but not if more is asked')
    }
    for (const one of others) t.equal(covers({ [key]: wide }, { [key]: one }), false, `${key} ${JSON.stringify(wide)} and not ${JSON.stringify(one)}`)
  }
  t.equal(covers({ cn: 'a' }, { o: 'a' }), false, 'of another key')
  t.equal(covers({ uri: 'spiffe://td/a/**' }, { spiffe: 'spiffe://td/a/b' }), false)
})

test('a rule covers another one at all times of that one', async (t) => {
  const during = (validFrom?: string, validUntil?: string): object => ({ cn: 'a', ...validFrom !== undefined && { validFrom }, ...validUntil !== undefined && { validUntil } })
  const [early, middle, late] = ['2027-01-01', '2027-02-01', '2027-03-01']
  for (const [wide, narrow, expected] of [
    [during(), during(early, late), true], [during(early, late), during(), false], [during(early, late), during(early, late), true],
    [during(early, late), during(middle, late), true], [during(middle, late), during(early, late), false], [during(early, middle), during(early, late), false],
    [during(early), during(early, late), true], [during(undefined, late), during(early), false], [during(middle), during(undefined, late), false]
  ] as const) t.equal(covers(wide, narrow), expected, JSON.stringify([wide, narrow]))
})

test('rules within rules cover each other if they are written alike', async (t) => {
  for (const key of ['not', 'via']) {
    t.equal(covers({ [key]: { cn: 'b' } }, { [key]: { cn: 'b' }, o: 'x' }), true)
    t.equal(covers({ [key]: { cn: 'b' } }, { [key]: { cn: 'c' }, o: 'x' }), false)
    t.equal(covers({ [key]: { dns: '*.x' } }, { [key]: { dns: 'a.x' }, o: 'x' }), false, 'what is within is not compared')
  }
  t.equal(covers({ not: { cn: 'b' } }, { via: { cn: 'b' } }), false)
})

test('what a rule matches that another one is said to cover, the other one matches', async (t) => {
  const seed = seedOf(20261135)
  t.comment(`seed ${seed}`)
  const random = new Random(seed)
  let [covered, matched] = [0, 0]
  const last = Math.max(400, rounds(2_000))
  for (let round = 0; round < last; round++) {
    const wide = randomRule(random)
    const narrow = random.chance(0.5) ? randomRule(random) : { ...wide, ...randomRule(random) }
    try {
      if (!covers(wide, narrow)) continue
    } catch {
      // A rule that excludes itself.
      continue
    }
    covered++
    for (let at = 0; at < 10; at++) {
      const [peer, question] = [randomIdentity(random), randomQuestion(random)]
      if (ruleHolds(narrow, peer, question) !== true) continue
      matched++
      if (ruleHolds(wide, peer, question) !== true) t.fail(JSON.stringify({ wide, narrow, peer, question }))
    }
  }
  t.ok(covered > last / 20 && matched > last / 50, `${covered} covered, ${matched} matches`)
})
