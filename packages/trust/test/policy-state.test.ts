import { test } from 'tap'
import { Party, inhibitAny, mappings, policies, policyConstraints } from '@peerkit/test-support/mint'
import type { Extension } from '@peerkit/test-support/mint'
import type { PathPolicies } from '../src/index.ts'
import { outcome, validate } from './support/validate.ts'

const ANY = '2.5.29.32.0'
const [GOLD, SILVER, BRONZE] = ['1.2.3.1', '1.2.3.2', '1.2.3.3'] as const
const line = ['root', 'upper', 'lower'].map((name) => new Party(`CN=${name}`)) as [Party, Party, Party]
const REQUIRED: PathPolicies = { requireExplicit: true }

/** The outcome for a chain whose upper CA, lower CA and leaf have these extensions. */
function outcomeOf (
  inputs: PathPolicies, upper: readonly Extension[], lower: readonly Extension[], leaf: readonly Extension[]
): string {
  const [root, first, second] = line
  return outcome(
    second.issue('CN=leaf', { extensions: leaf }),
    [root.certify(first, { extensions: upper }), first.certify(second, { extensions: lower })],
    [root.root()],
    { policies: inputs }
  )
}
const all = (...list: readonly string[]): readonly [Extension[], Extension[], Extension[]] =>
  [[policies(...list)], [policies(...list)], [policies(...list)]]

test('policies are not asked about unless somebody asks', async (t) => {
  t.equal(outcomeOf({}, [], [], []), 'valid')
  t.equal(outcomeOf(REQUIRED, [], [], []), 'policy')
  t.equal(outcomeOf({}, [policyConstraints(0)], [], []), 'policy', 'a CA that requires them')
  t.equal(outcomeOf({}, [policyConstraints(1)], [], []), 'policy', 'from the next but one on')
  t.equal(outcomeOf({}, [policyConstraints(9)], [], []), 'valid')
  t.equal(outcomeOf({}, [], [], [policyConstraints(0)]), 'policy', 'a leaf that requires them of itself')
})

test('a policy has to hold all the way down', async (t) => {
  t.equal(outcomeOf(REQUIRED, ...all(GOLD)), 'valid')
  t.equal(outcomeOf(REQUIRED, [policies(GOLD)], [policies(SILVER)], [policies(GOLD)]), 'policy')
  t.equal(outcomeOf(REQUIRED, [policies(GOLD)], [], [policies(GOLD)]), 'policy')
  t.equal(outcomeOf(REQUIRED, [policies(ANY)], [policies(GOLD, SILVER)], [policies(SILVER)]), 'valid')
  t.equal(outcomeOf(REQUIRED, [policies(GOLD)], [policies(ANY)], [policies(GOLD)]), 'valid')
  t.equal(outcomeOf(REQUIRED, [policies(GOLD)], [policies(ANY)], [policies(SILVER)]), 'policy')
})

test('accepts the named policies alone', async (t) => {
  t.equal(outcomeOf({ accepted: [GOLD] }, ...all(GOLD)), 'valid')
  t.equal(outcomeOf({ accepted: [SILVER] }, ...all(GOLD)), 'policy')
  t.equal(outcomeOf({ accepted: [SILVER, GOLD] }, ...all(GOLD)), 'valid')
  t.equal(outcomeOf({ accepted: [SILVER] }, ...all(ANY)), 'valid')
  t.equal(outcomeOf({ accepted: [ANY] }, ...all(GOLD)), 'valid')
  t.equal(outcomeOf({ accepted: [SILVER], requireExplicit: false }, ...all(GOLD)), 'valid', 'named, but not required')
  t.equal(outcomeOf(
    { accepted: [SILVER], requireExplicit: false }, [policies(GOLD), policyConstraints(0)], [policies(GOLD)],
    [policies(GOLD)]
  ), 'policy', 'until a CA requires them')
})

test('inhibits anyPolicy when told to, from outside or by a CA', async (t) => {
  t.equal(outcomeOf({ ...REQUIRED, inhibitAny: true }, ...all(ANY)), 'policy')
  t.equal(outcomeOf(REQUIRED, [policies(GOLD), inhibitAny(0)], [policies(ANY)], [policies(GOLD)]), 'policy')
  t.equal(outcomeOf(REQUIRED, [policies(GOLD), inhibitAny(1)], [policies(ANY)], [policies(GOLD)]), 'valid')
  t.equal(outcomeOf(REQUIRED, [policies(GOLD), inhibitAny(1)], [policies(ANY)], [policies(ANY)]), 'policy')
})

test('follows mappings, inhibits them when told to, and takes none to or from anyPolicy', async (t) => {
  const mapped = [
    [policies(GOLD), mappings([GOLD, SILVER])], [policies(SILVER), mappings([SILVER, BRONZE])], [policies(BRONZE)]
  ] as const
  t.equal(outcomeOf({ accepted: [GOLD] }, ...mapped), 'valid')
  t.equal(outcomeOf({ accepted: [SILVER] }, ...mapped), 'policy', 'a policy is what the top of the path calls it')
  t.equal(outcomeOf({ ...REQUIRED, inhibitMapping: true }, ...mapped), 'policy')
  t.equal(
    outcomeOf(REQUIRED, [policies(GOLD), mappings([GOLD, SILVER])], [policies(GOLD)], [policies(GOLD)]),
    'policy',
    'mapped away'
  )
  t.equal(outcomeOf(
    REQUIRED, [policies(GOLD), policyConstraints(undefined, 0)], [policies(GOLD), mappings([GOLD, SILVER])],
    [policies(SILVER)]
  ), 'policy')
  t.equal(
    outcomeOf({ accepted: [GOLD] }, [policies(ANY), mappings([GOLD, SILVER])], [policies(SILVER)], [policies(SILVER)]),
    'valid',
    'mapped out of anyPolicy'
  )
  t.equal(outcomeOf(
    { accepted: [BRONZE] }, [policies(ANY), mappings([GOLD, SILVER])], [policies(SILVER)], [policies(SILVER)]
  ), 'policy')
  t.equal(outcomeOf(
    { accepted: [GOLD] }, [policies(GOLD), mappings([GOLD, SILVER], [GOLD, BRONZE])], [policies(BRONZE)],
    [policies(BRONZE)]
  ), 'valid', 'one to several')
  for (const pair of [[ANY, GOLD], [GOLD, ANY]] as const) {
    t.equal(outcomeOf({}, [policies(GOLD), mappings(pair)], [policies(GOLD)], [policies(GOLD)]), 'policy')
  }
})

test('self-issued CAs are not counted, and may say anyPolicy where it is inhibited; ' +
  'a self-issued leaf may not', async (t) => {
  const root = line[0]
  const [ca, rollover] = [new Party('CN=ca'), new Party('CN=ca')]
  const outcomeOfRollover = (
    upper: readonly Extension[], lower: readonly Extension[], leaf: readonly Extension[], subject = 'CN=leaf'
  ): string =>
    outcome(
      rollover.issue(subject, { extensions: leaf }),
      [root.certify(ca, { extensions: upper }), ca.certify(rollover, { extensions: lower })],
      [root.root()]
    )
  t.equal(
    outcomeOfRollover([policyConstraints(2)], [], []),
    'valid',
    'counted, the leaf would be the one from which on a policy is required'
  )
  t.equal(outcomeOfRollover([policyConstraints(1)], [], []), 'policy')
  const required = [policies(GOLD), policyConstraints(0), inhibitAny(0)]
  t.equal(outcomeOfRollover(required, [policies(ANY)], [policies(GOLD)]), 'valid')
  t.equal(outcomeOfRollover(required, [policies(GOLD)], [policies(ANY)], 'CN=ca'), 'policy')
})

test('policies that multiply in a tree cost what they take to read (CVE-2023-0464)', async (t) => {
  const some = Array.from({ length: 20 }, (_, index) => `1.2.3.${index}`)
  const everyPair = mappings(...some.flatMap((from) => some.map((to) => [from, to] as const)))
  const parties = Array.from({ length: 8 }, (_, index) => new Party(`CN=${index}`))
  const root = new Party('CN=root')
  const certificates = parties.map((party, index) => {
    return (parties[index - 1] ?? root).certify(party, { extensions: [policies(...some), everyPair] })
  })
  const leaf = parties[7]!.issue('CN=leaf', { extensions: [policies(some[0]!)] })
  t.equal(outcome(leaf, certificates, [root.root()], { policies: REQUIRED, limits: { maxBytes: 200_000 } }), 'valid')
  t.match(validate(leaf, certificates, [root.root()], { policies: REQUIRED, limits: { maxBytes: 200_000, maxPolicies: 1000 } }), { step: 'budget_exceeded', detail: 'the decision needs more policies than the limits allow' })
})

test('mappings are inhibited after as many certificates as a CA or the anchor says', async (t) => {
  const [root, ...cas] = ['root', 'first', 'second', 'third'].map((name) => new Party(`CN=${name}`)) as [Party, Party, Party, Party]
  const [first, second, third] = cas
  /** @param at the CA that maps, from 1 on */
  const ask = (ofAnchor: readonly Extension[], ofFirst: readonly Extension[], at: number): string => {
    const of = (place: number): Extension[] => {
      return at === place ? [policies(GOLD), mappings([GOLD, SILVER])] : [policies(place > at ? SILVER : GOLD)]
    }
    return outcome(
      third.issue('CN=leaf', { extensions: [policies(SILVER)] }),
      [root.certify(first, { extensions: [...of(1), ...ofFirst] }), first.certify(second, { extensions: of(2) }), second.certify(third, { extensions: of(3) })],
      [root.root({ extensions: [...ofAnchor] })], { policies: { requireExplicit: true } }
    )
  }
  const inhibit = (after: number): readonly Extension[] => [policyConstraints(undefined, after)]
  for (const at of [1, 2, 3]) t.equal(ask([], [], at), 'valid', `by number ${at}`)
  t.same([1, 2, 3].map((at) => ask([], inhibit(0), at)), ['valid', 'policy', 'policy'])
  t.same([1, 2, 3].map((at) => ask([], inhibit(1), at)), ['valid', 'valid', 'policy'])
  t.same([1, 2, 3].map((at) => ask([], inhibit(2), at)), ['valid', 'valid', 'valid'])
  t.same([1, 2, 3].map((at) => ask(inhibit(0), [], at)), ['policy', 'policy', 'policy'])
  t.same([1, 2, 3].map((at) => ask(inhibit(1), [], at)), ['valid', 'policy', 'policy'])
  t.same([1, 2, 3].map((at) => ask(inhibit(2), [], at)), ['valid', 'valid', 'policy'])
})

test('a policy that two others were mapped to is accepted if one of them is', async (t) => {
  const merged = [
    [policies(GOLD, SILVER), mappings([GOLD, BRONZE], [SILVER, BRONZE])], [policies(BRONZE)], [policies(BRONZE)]
  ] as const
  t.equal(outcomeOf({ ...REQUIRED, accepted: [GOLD] }, ...merged), 'valid')
  t.equal(outcomeOf({ ...REQUIRED, accepted: [SILVER] }, ...merged), 'valid')
  t.equal(outcomeOf({ ...REQUIRED, accepted: [BRONZE] }, ...merged), 'policy')
})

test('anyPolicy beside a policy changes nothing for that one', async (t) => {
  const both = [[policies(GOLD, SILVER)], [policies(GOLD, ANY)], [policies(GOLD, ANY)]] as const
  t.equal(outcomeOf({ ...REQUIRED, accepted: [GOLD] }, ...both), 'valid')
  t.equal(outcomeOf({ ...REQUIRED, accepted: [BRONZE] }, ...both), 'policy')
  t.equal(outcomeOf({ ...REQUIRED, accepted: [SILVER] }, [policies(GOLD, SILVER)], [policies(GOLD, ANY)], [policies(GOLD)]), 'policy')
})
