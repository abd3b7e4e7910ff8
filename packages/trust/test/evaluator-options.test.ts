import { test } from 'tap'
import { createTrustEvaluator } from '../src/index.ts'
import type { Accepted, Authority, Decision, TrustEvaluatorOptions } from '../src/index.ts'
import { evaluatorOf, outcomeOf, stubChecker, told } from './support/evaluate.ts'
import { NOW, Party, policies } from '@peerkit/test-support/mint'

const [root, ca] = [new Party('CN=root'), new Party('CN=ca')]
const anchor = root.root()
const leaf = root.issue()

test('refuses wrong options when it is made, by name', async (t) => {
  const make = (options: object): void => {
    createTrustEvaluator({ authorities: () => [], ...options } as TrustEvaluatorOptions)
  }
  for (const [options, message] of [
    [{ authorities: undefined }, /authorities is missing; expected a function/],
    [{ authority: 1 }, /unknown option "authority" for createTrustEvaluator; expected one of authorities/],
    [{ version: 1 }, /version is 1; expected a function/],
    [{ now: 5 }, /now is 5; expected a function/],
    [{ onLearned: 1 }, /onLearned is 1; expected a function/],
    [{ purpose: 'client' }, /purpose is "client"/],
    [{ cacheSize: -1 }, /cacheSize is -1/],
    [{ cacheBytes: -1 }, /cacheBytes is -1/],
    [{ maxIntermediates: 1.5 }, /maxIntermediates is 1\.5/],
    [{ limits: { depth: 1 } }, /unknown option "depth" for limits/],
    [{ policies: { accept: [] } }, /unknown option "accept" for policies/],
    [{ algorithms: { curve: [] } }, /unknown option "curve" for algorithms/],
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
})

test('an authority that cannot be used is refused when the evaluator is made, and which part of ' +
  'it is told', async (t) => {
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(anchor).toString('base64')}\n-----END CERTIFICATE-----`
  for (const [authority, message] of [
    [{ ca: [Buffer.from('x')] }, /authorities\(\)\[0\]\.ca\[0\] cannot be read: /],
    [{ ca: [anchor, Buffer.from(pem)] }, /ca\[1\] is PEM; expected DER/],
    [{ ca: [pem] }, /ca\[0\] is PEM text; expected a certificate, parsed or in DER \(Uint8Array\)/],
    [{ ca: pem }, /ca is PEM text; expected a list of certificates/],
    [{ ca: undefined }, /ca is missing; expected a list/],
    [{ cas: [anchor] }, /unknown option "cas" for authorities\(\)\[0\]; did you mean "ca"\?/],
    [{ intermediates: [{}] }, /intermediates\[0\] is an object; expected a certificate/],
    [{ revocation: 'hard' }, /revocation is "hard"; expected a list of revocation checkers/],
    [{ revocation: ['hard'] }, /revocation\[0\] is "hard"; expected an object with check\(\)/]
  ] as const) {
    t.throws(() => evaluatorOf([anchor], { authority: authority as object }), { code: 'MTLS_ERR_PATH_OPTION', message })
  }
  t.throws(() => createTrustEvaluator({ authorities: () => ({}) as never }), { message: /authorities\(\) is an object; expected a list/ })
})

test('without an authority nobody is accepted', async (t) => {
  t.match(createTrustEvaluator({ authorities: () => [] }).evaluate(leaf), {
    reason: 'unknown_ca',
    detail: { step: 'anchors_invalid', message: 'there is no authority' }
  })
})

test('what is no DER is no question', async (t) => {
  const trust = evaluatorOf([anchor]) as any
  for (const [question, message] of [
    [['text'], /leaf is "text"; expected one certificate in DER \(Uint8Array\)/],
    [[undefined], /leaf is missing/],
    [[leaf, { sent: anchor }], /sent is \d+ bytes; expected a list/],
    [[leaf, { sent: [anchor, 'text'] }], /sent\[1\] is "text"; expected one certificate in DER/],
    [[leaf, [anchor]], /presented is a list; expected \{ sent, resumed \}/],
    [[leaf, null], /presented is null; expected/]
  ] as const) t.throws(() => trust.evaluate(...question), { code: 'MTLS_ERR_PATH_OPTION', message })
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
  t.equal(told(trust.evaluate(leaf)), 'unknown_ca/unknown_ca')
  t.equal(asked, 2)
  t.equal(trust.remembers(leaf), true, 'though it is not accepted any more')
})

test('authorities that cannot be had after the version moved vouch for nobody, until they can', async (t) => {
  let version = 1
  let authorities: () => Authority[] = () => [{ name: 'default', ca: [anchor] }]
  const trust = createTrustEvaluator({ authorities: () => authorities(), version: () => version, now: () => NOW })
  t.equal(told(trust.evaluate(leaf)), 'accepted by root')
  for (const [broken, why] of [
    [() => { throw new Error('gone') }, /^the authorities cannot be read: gone$/],
    [
      () => [{ name: 'default', ca: [anchor, Buffer.from('no certificate')] }],
      /^the authorities cannot be read: .*authorities\(\)\[0\]\.ca\[1\] cannot be read: /
    ],
    [() => undefined as unknown as Authority[], /authorities\(\) is missing; expected a list of authorities$/]
  ] as const) {
    authorities = broken
    version += 1
    for (const given of [leaf, ca.issue()]) {
      t.match(trust.evaluate(given), {
        accepted: false,
        reason: 'unknown_ca',
        detail: { step: 'anchors_invalid', message: why }
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
  t.same(trust.version, { trust: 1, revocation: 1 })
  const decision = trust.evaluate(leaf) as Decision
  t.equal(trust.version, decision.version)
  t.equal(trust.isCurrent({ version: { trust: 1, revocation: 1 } }), true)
  checkers[1]!.epoch += 1
  t.same(trust.version, { trust: 1, revocation: 2 })
  t.ok(Object.isFrozen(trust.version))
  t.equal(trust.isCurrent(decision), false)
  version = 2
  t.same(trust.version, { trust: 2, revocation: 2 })
})

test('what one checker counts hides no move of another', async (t) => {
  const [first, second] = [stubChecker(), stubChecker()]
  const trust = createTrustEvaluator({
    authorities: () => [{ name: 'default', ca: [anchor], revocation: [first, second] }],
    now: () => NOW
  })
  const epochs: unknown[] = [2 ** 60, Infinity, 10n, 'a word']
  for (const epoch of epochs) {
    Object.assign(second, { epoch })
    const decision = trust.evaluate(leaf) as Decision
    t.equal(decision.accepted, true)
    t.equal(trust.isCurrent(decision), true, String(epoch))
    first.epoch += 1
    t.equal(trust.isCurrent(decision), false, String(epoch))
  }
  first.epoch += 5
  const before = trust.version
  second.epoch = 1
  first.epoch -= 5
  t.not(trust.version, before, 'moves against each other are moves')
  Object.assign(second, { epoch: Number.NaN })
  t.equal(
    trust.isCurrent(trust.evaluate(leaf) as Decision), false, 'an epoch that cannot be read makes nothing current'
  )
})
