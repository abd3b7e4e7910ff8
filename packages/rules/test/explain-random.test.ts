// Explanations of random rules, compared with what the naive evaluator says of each key.
import { createPartialIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import type { Test } from 'tap'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import { compileGroups, compileRules } from '../src/index.ts'
import type { Explanation } from '../src/index.ts'
import { ruleHolds } from './naive/evaluate.ts'
import type { NaiveQuestion } from './naive/evaluate.ts'
import { crowdedIdentity, crowdedRuleSet } from './naive/generate-crowded.ts'
import { randomIdentity, randomQuestion, randomRuleSet } from './naive/generate.ts'
import { Random } from './naive/random.ts'
import { packFrom } from './pack-from.ts'

type Rule = Record<string, unknown>

/** Whether the keys of a rule hold, each for itself; `undefined` if it is not known. */
function keysOf (rule: Rule, peer: PeerIdentity, question: NaiveQuestion): Record<string, boolean | undefined> {
  return Object.fromEntries(Object.entries(rule).map(([key, value]) => [key, ruleHolds({ [key]: value }, peer, question)]))
}

/** The share of the keys that hold, and their number. A `not` or a period that holds does not count. */
function scoreOf (keys: Record<string, boolean | undefined>): readonly [share: number, held: number] {
  const all = Object.entries(keys)
  if (all.every(([, holds]) => holds === true)) return [Infinity, 0]
  const counted = all.filter(([key, holds]) => holds !== true || !['not', 'validFrom', 'validUntil'].includes(key))
  const held = counted.filter(([, holds]) => holds === true).length
  return [held / counted.length, held]
}

function compare (t: Test, rules: readonly Rule[], peer: PeerIdentity, question: NaiveQuestion, found: Explanation): void {
  const wanted = rules.map((rule) => keysOf(rule, peer, question))
  const what = JSON.stringify({ rules: rules.length < 20 ? rules : rules.length, peer, question })
  const said = found.rules.map(({ rule, path, result, matched, failed }) => {
    const keys = [...matched.map((key) => [key, true]), ...failed.map(({ key, result }) => [key, result === 'unknown' ? undefined : false])]
    return { path, result, keys: Object.fromEntries(keys) as object, rule }
  })
  const expected = said.map(({ rule }) => {
    const keys = wanted[rule]!
    const holds = Object.values(keys)
    const result = holds.every((one) => one === true) ? 'match' : holds.includes(false) ? 'mismatch' : 'unknown'
    return { path: `rules[${rule}]`, result, keys, rule }
  })
  t.same(said, expected, what)
  const scores = wanted.map(scoreOf).sort(([share, held], [other, count]) => share === other ? count - held : other - share)
  t.same(found.rules.map(({ rule }) => scoreOf(wanted[rule]!)), scores.slice(0, 10), `the closest ones: ${what}`)
  t.equal(new Set(found.rules.map(({ rule }) => rule)).size, found.rules.length, 'each once')
}

for (const from of [Infinity, 0]) {
  test(`each key is explained as it is, and the closest rules are told, ${from === 0 ? 'packed' : 'as objects'}`, async (t) => {
    packFrom(t, from)
    const seed = seedOf(20261134)
    t.comment(`seed ${seed}`)
    const random = new Random(seed)
    const last = Math.max(40, rounds(200))
    for (let round = 0; round < last; round++) {
      const isCrowded = round % 2 === 0
      const { rules } = isCrowded ? crowdedRuleSet(random) : randomRuleSet(random)
      const own = rules.filter((rule): rule is Rule => typeof rule === 'object')
      let question = randomQuestion(random)
      let authorizer: ReturnType<typeof compileRules>
      try {
        authorizer = compileRules(own as never, {
          now: () => question.now, requestValue: (request: any, source, name) => request[`${source} ${name}`] ?? []
        })
      } catch {
        // A rule that excludes itself, or no rule.
        continue
      }
      for (let at = 0; at < 3; at++) {
        question = randomQuestion(random)
        const peer = isCrowded ? crowdedIdentity(random) : randomIdentity(random)
        compare(t, own, peer, question, authorizer.explain(peer, question.request))
      }
    }
  })

  test(`of more than a thousand rules the closest ones are found, ${from === 0 ? 'packed' : 'as objects'}`, async (t) => {
    packFrom(t, from)
    const rules = Array.from({ length: 1_100 }, (_, at): Rule => ({
      cn: `c${at % 97}`,
      ...at % 2 === 0 && { o: `o${at % 89}` },
      ...at % 3 === 0 && { ou: [`u${at % 7}`, 'u'] },
      ...at % 5 === 0 && { dns: `d${at % 4}` },
      ...at % 11 === 0 && { not: { cn: 'c3', dns: 'd3' } }
    }))
    const authorizer = compileRules(rules as never)
    for (const [subject, dns] of [['CN=c5,O=o5,OU=u5', 'd1'], ['CN=c96,OU=u', 'd0'], ['CN=x,O=o88,OU=u6', 'd3'], ['CN=c3,O=o3,OU=u3', 'x'], ['CN=x', 'x']] as const) {
      const peer = createPartialIdentity({ subject, subjectAltNames: { dns: [dns] } })
      compare(t, rules, peer, { request: undefined, now: 0 }, authorizer.explain(peer))
    }
  })
}

test('of many packed rules those with the greatest share are read, and equal numbers of two sets are two rules', async (t) => {
  packFrom(t, 0)
  const fifth = (at: number): Rule => ({ cn: 'a', o: 'a', ou: `x${at}`, dns: `x${at}`, email: `x${at}@x.y` })
  const half = (at: number): Rule => ({ cn: 'a', ou: `x${at}` })
  const rules = Array.from({ length: 1_100 }, (_, at) => at < 1_000 ? fifth(at) : half(at))
  const peer = createPartialIdentity({ subject: 'CN=a,O=a,OU=a', subjectAltNames: { dns: ['a'], email: ['a@x.y'] } })
  compare(t, rules, peer, { request: undefined, now: 0 }, compileRules(rules as never).explain(peer))
  const groups = compileGroups({ g: Array.from({ length: 600 }, (_, at) => at === 7 ? half(at) : fifth(at)) as never })
  const own = Array.from({ length: 600 }, (_, at) => at === 7 ? half(at) : fifth(at))
  const found = compileRules([...own, 'g'] as never, { groups }).explain(peer).rules
  t.same(found.slice(0, 2).map(({ path }) => path), ['rules[7]', 'groups.g[7]'])
  t.equal(found.length, 10)
})
