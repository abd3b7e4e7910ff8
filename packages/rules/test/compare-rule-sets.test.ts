import { createPartialIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import type { Verdict } from '../src/index.ts'
import {
  ChangedRules, OpenedRuleSets, compareRuleSets, compileAny, compileWith, findPosition, packRuleSets
} from '../src/internal.ts'
import type { PackedRuleSets, RuleSetsComparison } from '../src/internal.ts'
import { randomIdentity, randomRule } from './naive/generate.ts'
import { Random } from './naive/random.ts'

const named = (cn: string, o = 'Acme'): PeerIdentity => createPartialIdentity({ subject: `CN=${cn},O=${o}` })
const now = Date.parse('2027-01-01T12:00:00Z')

function pack (groups: unknown, rules?: unknown): PackedRuleSets {
  return packRuleSets({
    groups,
    groupsPath: 'groups',
    sets: rules === undefined ? [] : [{ path: 'rules', rules }],
    otherGroups: [],
    authorities: undefined,
    now
  })
}

function list ({ added, removed }: RuleSetsComparison): unknown {
  const [plus, minus] = [added, removed].map(({ paths, texts }) => paths.map((path, at) => `${path} ${texts[at]}`))
  return { plus, minus }
}

test('rules that came and went are listed by their sets', async (t) => {
  const before = pack({ a: [{ cn: 'x' }, { cn: 'y' }], gone: { o: 'z' }, same: { o: 's' } }, ['a', { ou: 'q' }])
  const after = pack({ a: [{ cn: 'x' }, { cn: ['y', 'z'] }], same: { o: 's' }, fresh: { o: 'n' } }, ['a', 'fresh'])
  const comparison = compareRuleSets(before, after)
  t.same(list(comparison), {
    plus: ['groups.a {"cn":["y","z"]}', 'rules "fresh"', 'groups.fresh {"o":"n"}'],
    minus: ['groups.a {"cn":"y"}', 'groups.gone {"o":"z"}', 'rules {"ou":"q"}']
  })
  t.equal(comparison.delta, undefined, 'a set names another group')
  t.same([...comparison.moved.keys()], ['rules'])
  const none = compareRuleSets(before, pack({ a: [{ cn: 'x' }, { cn: 'y' }], gone: { o: 'z' }, same: { o: 's' } }, [
    'a', { ou: 'q' }
  ]))
  t.same(list(none), { plus: [], minus: [] })
  t.equal(none.moved.size, 0)
})

test('a set that names another group, or another entry of it, is another set', async (t) => {
  const groups = { g: { o: 'g' }, h: { o: 'h' } }
  const before = pack({ ...groups, a: ['g', { cn: 'x' }] }, ['a', { cn: 'x' }])
  t.same(list(compareRuleSets(before, pack({ ...groups, a: ['h', { cn: 'x' }] }, ['a', { cn: 'x' }]))), {
    plus: ['groups.a "h"'], minus: ['groups.a "g"']
  })
  const turned = compareRuleSets(before, pack({ ...groups, a: ['g', { cn: 'x' }] }, [{ cn: 'x' }, 'a']))
  t.same([list(turned), [...turned.moved.keys()]], [{ plus: [], minus: [] }, ['rules']], 'in another order')
  t.same(list(compareRuleSets(before, pack({ ...groups, a: ['g', { cn: 'x' }] }, ['a', { cn: 'x' }]))), { plus: [], minus: [] })
  const without = pack({ ...groups, a: 'g' })
  t.same(list(compareRuleSets(without, pack(groups))), { plus: [], minus: ['groups.a "g"'] })
  t.same(list(compareRuleSets(pack(groups), without)), { plus: ['groups.a "g"'], minus: [] })
})

test('an entry between changed ones keeps its position if as many came as went', async (t) => {
  const before = pack({}, [{ cn: 'a' }, { cn: 'b' }, { cn: 'c' }, { cn: 'd' }, { cn: 'e' }])
  const positions = (rules: unknown): unknown => {
    const entries = compareRuleSets(before, pack({}, rules)).moved.get('rules')!
    return [0, 1, 2, 3, 4].map((position) => findPosition(entries, position))
  }
  t.same(positions([{ cn: 'a' }, { cn: 'x' }, { cn: 'c' }, { cn: 'y' }, { cn: 'e' }]), [0, 1, 2, 3, 4])
  t.same(positions([{ cn: 'a' }, { cn: 'x' }, { cn: 'c' }, { cn: 'y' }, { cn: 'z' }, { cn: 'e' }]), [0, undefined, undefined, undefined, 5])
  t.same(positions([{ cn: 'a' }, { cn: 'e' }]), [0, undefined, undefined, undefined, 1])
  t.same(positions([{ cn: 'x' }, { cn: 'a' }, { cn: 'b' }, { cn: 'c' }, { cn: 'd' }, { cn: 'e' }]), [1, 2, 3, 4, 5])
})

test('a change far back in a long list is seen', async (t) => {
  const values = Array.from({ length: 3_000 }, (_, at) => `service-${at}`)
  const before = pack({ a: { cn: values }, b: { o: 'x', not: { cn: values } } })
  const same = compareRuleSets(before, pack({ a: { cn: values }, b: { o: 'x', not: { cn: values } } }))
  t.same(list(same), { plus: [], minus: [] })
  const changed = compareRuleSets(before, pack({ a: { cn: values.with(2_999, 'z') }, b: { o: 'x', not: { cn: values } } }))
  t.same(changed.added.paths, ['groups.a'])
  t.same(changed.removed.paths, ['groups.a'])
  t.equal(changed.delta, undefined, 'it is not known whom it concerns')
})

test('with very many changes, it is not told whom they concern', async (t) => {
  const rules = (from: number): object[] => Array.from({ length: 6_000 }, (_, at) => ({ cn: `service-${from + at}` }))
  t.not(compareRuleSets(pack({ a: rules(0) }), pack({ a: rules(1) })).delta, undefined)
  t.equal(compareRuleSets(pack({ a: rules(0) }), pack({ a: rules(6_000) })).delta, undefined)
})

test('the changed rules concern nobody whose verdict changes unnoticed', async (t) => {
  const seed = seedOf(20261130)
  t.comment(`seed ${seed}`)
  const random = new Random(seed)
  const seen = { concerned: 0, kept: 0, moved: 0 }
  const last = Math.max(60, rounds(400))
  for (let round = 0; round < last; round++) {
    const rules = Array.from({ length: 2 + random.below(5) }, () => randomRule(random))
    const changed = [...rules]
    for (let change = 0; change <= random.below(2); change++) {
      const at = random.below(changed.length)
      changed.splice(at, random.below(2), ...random.below(2) === 0 ? [] : [randomRule(random)])
    }
    let sets: PackedRuleSets[]
    try {
      sets = [rules, changed].map((one) => pack({}, one))
    } catch {
      // A rule that excludes itself, or no rule at all.
      continue
    }
    const [before, after] = sets as [PackedRuleSets, PackedRuleSets]
    const { delta, moved } = compareRuleSets(before, after)
    const [old, next] = [before, after].map((one) => {
      const opened = new OpenedRuleSets(one)
      const groups = compileWith({}, {}, opened)
      return compileAny(opened.ruleSet('rules') as never, { groups, now: () => now, requestValue: () => [] })
    }) as [ReturnType<typeof compileAny>, ReturnType<typeof compileAny>]
    // What depends on the request is not remembered.
    if (old.usesRequest || next.usesRequest) continue
    const changes = new ChangedRules(delta as NonNullable<typeof delta>, () => now)
    for (let at = 0; at < 8; at++) {
      const peer = randomIdentity(random)
      if (changes.concern(peer)) {
        seen.concerned++
        continue
      }
      seen.kept++
      const verdict = old.authorize(peer) as Verdict
      const fresh = next.authorize(peer) as Verdict
      if (!verdict.allowed) {
        t.same(fresh, verdict, JSON.stringify({ rules, changed, peer }))
        continue
      }
      const entries = moved.get('rules')
      const position = entries === undefined ? verdict.rule : findPosition(entries, verdict.rule)
      if (position === undefined) t.equal(fresh.allowed, true)
      else {
        if (position !== verdict.rule) seen.moved++
        t.same(fresh, { ...verdict, rule: position }, JSON.stringify({ rules, changed, peer }))
      }
    }
  }
  t.ok(seen.concerned > last / 8 && seen.kept > last && seen.moved > last / 80, JSON.stringify(seen))
})

test('a rule that begins later concerns nobody yet', async (t) => {
  const { delta } = compareRuleSets(pack({ a: { cn: 'x' } }), pack({ a: [{ cn: 'x' }, { cn: 'y', validFrom: '2028-01-01' }] }))
  let time = now
  const changes = new ChangedRules(delta as NonNullable<typeof delta>, () => time)
  t.equal(changes.concern(named('y')), false)
  time = Date.parse('2028-01-01')
  t.equal(changes.concern(named('y')), true)
  t.equal(changes.concern(named('z')), false)
  t.equal(changes.concern(createPartialIdentity({ serialNumber: '01' })), true, 'it is not known')
})
