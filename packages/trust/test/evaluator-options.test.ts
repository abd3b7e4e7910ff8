import { test } from 'tap'
import { createTrustEvaluator } from '../src/index.ts'
import type { Accepted, Authority, Decision, TrustEvaluatorOptions } from '../src/index.ts'
import { outcomeOf, stubChecker, told } from './support/evaluate.ts'
import { NOW, Party, policies } from './support/mint.ts'

const [root, ca] = [new Party('CN=root'), new Party('CN=ca')]
const anchor = root.root()
const leaf = root.issue()

test('refuses wrong options when it is made, by name', async (t) => {
  const make = (options: object): void => {
    createTrustEvaluator({ authorities: () => [], ...options } as TrustEvaluatorOptions)
  }
  for (const [options, message] of [
    [{ authorities: undefined }, /authorities is missing; expected a function/],
    [{ authority: 1 }, /no "authority"; expected one of authorities/],
    [{ version: 1 }, /version is number/],
    [{ now: 5 }, /now is number/],
    [{ onLearned: 1 }, /onLearned is number/],
    [{ purpose: 'client' }, /purpose is "client"/],
    [{ maxRemembered: -1 }, /maxRemembered is -1/],
    [{ maxIntermediates: 1.5 }, /maxIntermediates is 1\.5/],
    [{ limits: { depth: 1 } }, /limits\.depth is not known/],
    [{ policies: { accept: [] } }, /policies has no "accept"/],
    [{ algorithms: { curve: [] } }, /algorithms has no "curve"/],
    [{ algorithms: null }, /algorithms is null/]
  ] as const) {
    t.throws(
      () => {
        make(options)
      },
      { code: 'MTLS_ERR_PATH_OPTION', message }
    )
  }
  t.throws(() => createTrustEvaluator(undefined as unknown as TrustEvaluatorOptions), {
    code: 'MTLS_ERR_PATH_OPTION'
  })
  t.throws(
    () => {
      make({ authorities: () => [{ name: 'a', ca: [Buffer.from('x')] }] })
    },
    { code: 'MTLS_ERR_CERTIFICATE_INVALID' }
  )
})

test('policies and lint count where they are asked for', async (t) => {
  const [gold, silver] = ['1.2.3.1', '1.2.3.2']
  const issued = root.issue('CN=client', { extensions: [policies(gold)] })
  t.equal(outcomeOf(issued, [], [anchor], { policies: { accepted: [gold] } }), 'accepted by root')
  t.equal(outcomeOf(issued, [], [anchor], { policies: { accepted: [silver] } }), 'bad_chain/policy')
  t.equal(outcomeOf(leaf, [], [anchor]), 'accepted by root')
  t.equal(outcomeOf(leaf, [], [anchor], { strict: true }), 'bad_chain/lint')
})

test('authorities are asked again when the version moves, and only then', async (t) => {
  let [version, asked] = [1, 0]
  let anchors = [anchor]
  const authorities = (): Authority[] => {
    asked += 1
    return [{ name: 'default', ca: anchors }]
  }
  const trust = createTrustEvaluator({ authorities, version: () => version, now: () => NOW })
  const first = trust.evaluate(leaf) as Accepted
  t.match(first, { accepted: true, version: { trust: 1, revocation: 0 } })
  anchors = [new Party('CN=next').root()]
  t.equal(trust.evaluate(leaf), first)
  t.equal(asked, 1)
  version = 2
  t.equal(trust.isCurrent(first), false)
  t.equal(trust.isFresh(first), false)
  t.equal(told(trust.evaluate(leaf)), 'unknown_ca/issuer_unknown')
  t.equal(asked, 2)
  t.equal(trust.remembers(leaf), true, 'though it is not accepted any more')
})

test('authorities that cannot be had after the version moved vouch for nobody, until they can', async (t) => {
  let version = 1
  let authorities: () => Authority[] = () => [{ name: 'default', ca: [anchor] }]
  const trust = createTrustEvaluator({ authorities: () => authorities(), version: () => version, now: () => NOW })
  t.equal(told(trust.evaluate(leaf)), 'accepted by root')
  for (const broken of [
    () => {
      throw new Error('gone')
    },
    () => [{ name: 'default', ca: [Buffer.from('no certificate')] }],
    () => undefined as unknown as Authority[]
  ]) {
    authorities = broken
    version += 1
    for (const given of [leaf, ca.issue()]) {
      t.match(trust.evaluate(given), {
        accepted: false,
        reason: 'unknown_ca',
        detail: { step: 'anchors_invalid', message: 'no authority is in force' }
      })
    }
  }
  authorities = () => [{ name: 'default', ca: [anchor] }]
  t.equal(told(trust.evaluate(leaf)), 'accepted by root', 'they are asked again at the next question')
  t.equal(trust.evaluate(leaf), trust.evaluate(leaf))
})

test('a version is one object while nothing moves, and says what moved', async (t) => {
  const checkers = [stubChecker(), stubChecker()]
  let version = 1
  const trust = createTrustEvaluator({
    authorities: () => [{ name: 'default', ca: [anchor], revocation: checkers }],
    version: () => version,
    now: () => NOW
  })
  t.same(trust.version, { trust: 1, revocation: 2 })
  const decision = trust.evaluate(leaf) as Decision
  t.equal(trust.version, decision.version)
  t.equal(trust.isCurrent({ version: { trust: 1, revocation: 2 } }), true)
  checkers[1]!.epoch += 1
  t.same(trust.version, { trust: 1, revocation: 3 })
  t.ok(Object.isFrozen(trust.version))
  t.equal(trust.isCurrent(decision), false)
  version = 2
  t.same(trust.version, { trust: 2, revocation: 3 })
})
