import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'tap'
import { createTrustEvaluator } from '../src/index.ts'
import type { Accepted, Authority, Decision, TrustEvaluator } from '../src/index.ts'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { combineCheckers, crlChecker, crlUrlChecker } from '@peerkit/revocation'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import {
  DAY,
  evaluatorOf,
  fingerprintOf,
  good,
  later,
  outcomeOf,
  revoked,
  stubChecker,
  told,
  unknown
} from './support/evaluate.ts'
import type { StubChecker } from './support/evaluate.ts'
import { NOW, Party } from '@peerkit/test-support/mint'

const [root, older, ca] = [new Party('CN=root'), new Party('CN=older'), new Party('CN=ca')]
const anchor = root.root()
const anchors = [anchor, older.root()]
const [intermediate, cross] = [root.certify(ca), older.certify(ca)]
const leaf = ca.issue()

/** An evaluator that asks these. */
function asking (revocation: readonly StubChecker[], now = (): number => NOW): TrustEvaluator {
  return evaluatorOf(anchors, { authority: { revocation }, now })
}

test('the leaf and every intermediate are asked about, each by every checker, and the anchor by none', async (t) => {
  const checkers = [stubChecker(), stubChecker()]
  t.match(told(asking(checkers).evaluate(leaf, { sent: [intermediate] })), /^accepted/)
  for (const { asked } of checkers) t.same(asked, ['client', 'ca'])
})

test('a revoked intermediate ends the paths through it and no others, at once or later', async (t) => {
  for (const answer of [revoked('cACompromise'), async () => revoked('cACompromise')]) {
    const checker = stubChecker({ [fingerprintOf(intermediate)]: answer as any })
    const trust = asking([checker])
    for (const sent of [
      [intermediate, cross],
      [cross, intermediate]
    ]) {
      t.equal(told(await trust.evaluate(leaf, { sent })), 'accepted by ca < older')
    }
    t.match(await trust.evaluate(leaf, { sent: [intermediate] }), {
      accepted: false,
      reason: 'revoked',
      detail: {
        step: 'revoked',
        message: /^CN=ca .* is revoked \(cACompromise\)$/,
        certificate: { fingerprint256: fingerprintOf(intermediate) }
      }
    })
  }
})

test('a revoked leaf is revoked on every path, and no other path is asked about', async (t) => {
  for (const answer of [revoked(), async () => revoked()]) {
    const checker = stubChecker({ client: answer as any })
    const decision = await asking([checker]).evaluate(leaf, { sent: [intermediate, cross] })
    t.match(decision, {
      accepted: false,
      reason: 'revoked',
      detail: { message: /^CN=client .* is revoked$/, certificate: { subject: 'CN=client' } }
    })
    t.same(checker.asked, ['client', 'ca'])
  }
})

test('what one checker knows does not answer for another; that it was revoked is told first', async (t) => {
  const [knows, ignorant, hostile] = [
    stubChecker(),
    stubChecker({ client: unknown('ocsp_unavailable') }),
    stubChecker({ client: revoked() })
  ]
  for (const checkers of [
    [knows, ignorant],
    [ignorant, knows]
  ]) {
    t.match(asking(checkers).evaluate(leaf, { sent: [intermediate] }), {
      accepted: false,
      reason: 'revocation_unknown',
      detail: { why: 'ocsp_unavailable', message: /^CN=client .* may be revoked: ocsp_unavailable$/ }
    })
  }
  for (const checkers of [
    [hostile, ignorant],
    [ignorant, hostile]
  ]) {
    t.equal(told(asking(checkers).evaluate(leaf, { sent: [intermediate] })), 'revoked/revoked')
  }
  const soft = stubChecker({ client: unknown() })
  soft.permit = ({ state }) => state !== 'revoked'
  t.match(told(asking([soft, knows]).evaluate(leaf, { sent: [intermediate] })), /^accepted/)
})

test('a checker that throws, rejects or has a policy that throws has permitted nobody', async (t) => {
  const throwing = stubChecker()
  throwing.permit = () => {
    throw new Error('broken')
  }
  const throwingLater = stubChecker({ client: async () => good() } as any)
  throwingLater.permit = () => {
    throw new Error('broken')
  }
  for (const checker of [throwing, throwingLater]) {
    t.match(await asking([checker, stubChecker()]).evaluate(leaf, { sent: [intermediate] }), {
      accepted: false,
      reason: 'revocation_unknown',
      detail: {
        step: 'revocation_unknown',
        why: 'check_failed',
        message: /^CN=client .*: the revocation checker failed$/
      }
    })
  }
  for (const answer of [new Error('broken'), async () => await Promise.reject(new Error('broken'))]) {
    t.match(await asking([stubChecker({ client: answer as any })]).evaluate(leaf, { sent: [intermediate] }), {
      accepted: false,
      reason: 'revocation_unknown',
      detail: { why: 'check_failed', certificate: { subject: 'CN=client' } }
    })
  }
  t.match(
    asking([stubChecker({ client: { ...unknown(), detail: 'no list of CN=ca' } as any })]).evaluate(leaf, {
      sent: [intermediate]
    }),
    { detail: { why: 'no_crl', message: /may be revoked: no list of CN=ca$/ } }
  )
})

test('a checker that answers out of its contract has permitted nobody', async (t) => {
  const soft = ({ state }: { readonly state: string }): boolean => state !== 'revoked'
  const thenable = { then: (resolve: (status: unknown) => void) => { resolve(revoked()) } }
  const outcomeWith = async (answer: unknown, permit: unknown = soft): Promise<string> => {
    const checker = Object.assign(stubChecker({ client: (() => answer) as any }), { permit })
    return told(await asking([checker as StubChecker]).evaluate(leaf, { sent: [intermediate] }))
  }
  t.equal(await outcomeWith(thenable), 'revoked/revoked', 'a promise of another library')
  t.equal(await outcomeWith(revoked(), async () => false), 'revoked/revoked', 'a promise is no yes')
  t.equal(await outcomeWith(unknown(), async () => false), 'revocation_unknown/revocation_unknown')
  for (const odd of [undefined, null, 'good', {}, { state: 'REVOKED' }, { state: 'good' }]) {
    t.equal(await outcomeWith(odd, ({ state }: any) => state === 'good'), 'revocation_unknown/revocation_unknown')
  }
})

test('a checker whose epoch cannot be read has permitted nobody, and no earlier decision counts', async (t) => {
  let broken = false
  const checker = Object.defineProperty(stubChecker(), 'epoch', {
    get () {
      if (broken) throw new Error('no epoch')
      return 1
    }
  })
  const trust = asking([checker])
  const accepted = trust.evaluate(leaf, { sent: [intermediate] }) as Accepted
  t.ok(trust.isFresh(accepted))
  broken = true
  t.notOk(trust.isFresh(accepted))
  t.match(told(trust.evaluate(leaf, { sent: [intermediate] })), /^revocation_unknown/)
  broken = false
  t.match(told(trust.evaluate(leaf, { sent: [intermediate] })), /^accepted/)
})

test('a policy is asked about an answer whose time is over as about an unknown one', async (t) => {
  const checker = stubChecker({ ca: good(NOW - 1) })
  checker.permit = ({ state }) => state === 'good'
  t.match(asking([checker]).evaluate(leaf, { sent: [intermediate] }), {
    accepted: false,
    reason: 'revocation_unknown',
    detail: { why: 'answer_expired', message: /^CN=ca .* may be revoked: answer_expired$/ }
  })
})

test('an answer that ends while it is read does not count longer than it said', async (t) => {
  let reads = 0
  const answer = (): RevocationStatus => {
    reads = 0
    return good(NOW + 1)
  }
  // The clock moves after it was read for the first time since the answer.
  const trust = asking([stubChecker({ client: answer, ca: answer })], () => NOW + Math.min(1, reads++))
  t.match(trust.evaluate(leaf, { sent: [intermediate] }), { accepted: true, staleUntil: NOW + 1 })
})

test('a checker that does not permit its own good answer has permitted nobody', async (t) => {
  const checker = stubChecker({ ca: good(NOW + 1) })
  checker.permit = () => false
  t.match(asking([checker]).evaluate(leaf, { sent: [intermediate] }), {
    accepted: false,
    reason: 'revocation_unknown',
    detail: { why: 'check_failed', message: /^CN=ca .* may be revoked: the checker does not permit its good answer$/ }
  })
})

test('revocation is asked again after 85 % of the shortest answer; the decision may be used to its end', async (t) => {
  let time = NOW
  const checker = stubChecker({ client: () => good(time + DAY), ca: () => good(time + 100_000) })
  const trust = asking([checker, stubChecker()], () => time)
  const ask = (): Accepted => trust.evaluate(leaf, { sent: [intermediate] }) as Accepted
  const first = ask()
  t.match(first, { accepted: true, revalidateAt: NOW + 85_000, staleUntil: NOW + 100_000 })
  time = NOW + 84_999
  t.equal(ask(), first)
  t.equal(trust.isFresh(first), true)
  time = NOW + 85_000
  t.equal(trust.isFresh(first), false)
  t.equal(trust.isCurrent(first), true, 'it may be used while it is asked again')
  t.match(ask(), { accepted: true, revalidateAt: NOW + 170_000, staleUntil: NOW + 185_000 })
})

test('what a soft policy let pass without knowing is asked again after a minute, and used meanwhile', async (t) => {
  let time = NOW
  const checker = stubChecker({ ca: unknown() })
  checker.permit = ({ state }) => state !== 'revoked'
  const trust = asking([checker], () => time)
  const first = trust.evaluate(leaf, { sent: [intermediate] })
  t.match(first, { accepted: true, revalidateAt: NOW + 60_000, staleUntil: Infinity })
  time = NOW + 59_999
  t.equal(trust.evaluate(leaf, { sent: [intermediate] }), first)
  time = NOW + 60_000
  checker.answers = { ca: revoked() }
  t.equal(told(trust.evaluate(leaf, { sent: [intermediate] })), 'revoked/revoked')
})

test('connections of one client that come at once wait for one answer', async (t) => {
  const answer = later()
  const checker = stubChecker({ client: () => answer.promise })
  const trust = asking([checker])
  const first = trust.evaluate(leaf, { sent: [intermediate] })
  t.ok(first instanceof Promise)
  t.equal(trust.evaluate(new Uint8Array(leaf), { sent: [new Uint8Array(intermediate)] }), first)
  t.not(trust.evaluate(leaf, { sent: [intermediate, anchor] }), first, 'another list is another question')
  answer.settle(good())
  const decision = await first
  t.match(told(decision), /^accepted/)
  t.same(checker.asked, ['client', 'ca', 'client', 'ca'])
  t.equal(trust.evaluate(leaf, { sent: [intermediate] }), decision, 'and at once from then on')
})

test('a checker that never answers keeps nobody waiting who comes later', async (t) => {
  let time = NOW
  const answers = [new Promise<never>(() => {}), good()]
  const checker = stubChecker({ client: () => answers.shift()! })
  const trust = asking([checker], () => time)
  const first = trust.evaluate(leaf, { sent: [intermediate] })
  time += 4_999
  t.equal(trust.evaluate(leaf, { sent: [intermediate] }), first)
  time += 1
  t.match(told(trust.evaluate(leaf, { sent: [intermediate] })), /^accepted/)
})

test('an answer about a trust that moved meanwhile is not used: it is decided again, or refused', async (t) => {
  for (const [moves, outcome, asked] of [
    [0, /^accepted/, 1],
    [1, /^accepted/, 2],
    [2, /^accepted/, 3],
    [3, /^revocation_unknown\/revocation_unknown$/, 3]
  ] as const) {
    let left = moves
    const checker: StubChecker = stubChecker({
      client: async () => {
        await null
        if (left > 0) checker.epoch += 1
        left -= 1
        return good()
      }
    } as any)
    const decision = await asking([checker]).evaluate(leaf, { sent: [intermediate] })
    t.match(told(decision), outcome, `moved ${moves} times`)
    t.equal(checker.asked.filter((name) => name === 'client').length, asked)
    if (!decision.accepted) {
      t.equal(
        decision.detail.message, 'the trust anchors or the revocation data changed while the certificate was checked'
      )
    }
  }
})

test('a CA that is removed while a checker answers lets nobody in', async (t) => {
  let version = 1
  const answer = later()
  const checker = stubChecker({ client: () => answer.promise })
  const authorities = (): Authority[] => [
    { name: 'default', ca: [version === 1 ? anchor : older.root()], revocation: [checker] }
  ]
  const trust = createTrustEvaluator({ authorities, version: () => version, now: () => NOW })
  const decided = trust.evaluate(leaf, { sent: [intermediate] })
  version = 2
  answer.settle(good())
  t.equal(told(await decided), 'unknown_ca/unknown_ca')
  t.equal(trust.remembers(leaf), false)
})

test('without a checker nothing is asked again', async (t) => {
  t.match(evaluatorOf([anchor]).evaluate(leaf, { sent: [intermediate] }) as Decision, {
    accepted: true,
    revalidateAt: Infinity,
    staleUntil: Infinity
  })
  t.equal(outcomeOf(root.issue(), [], [anchor]), 'accepted by root')
})

test('a CA of another authority revokes nothing by having the name of ours', async (t) => {
  const [ours, theirs] = [await createDevCa({ name: 'Same' }), await createDevCa({ name: 'Same' })]
  const [client, lost] = [await ours.issue({ dns: 'client.example' }), await ours.issue({ dns: 'lost.example' })]
  theirs.revoke(client.serialNumber)
  theirs.revoke(lost.serialNumber)
  ours.revoke(lost.serialNumber)
  const [issuer, twin] = [parsePeerIdentity(ours.der), parsePeerIdentity(theirs.der)]
  const lists = { ours: (await ours.crl()).der, theirs: (await theirs.crl()).der }
  const checker = (crls: readonly Uint8Array[]): RevocationChecker => crlChecker({ crls, issuers: [issuer, twin] })
  const folder = t.testdir({ 'theirs.crl': (await theirs.crl()).pem })
  const fromUrl = await crlUrlChecker({ issuers: [issuer, twin], urls: [pathToFileURL(join(folder, 'theirs.crl')).href] })
  const of = (name: string, ca: DevCa, revocation: readonly RevocationChecker[]): Authority => ({ name, ca: [ca.der], names: 'any', revocation })
  const outcomes = async (revocation: RevocationChecker): Promise<readonly string[]> => {
    t.teardown(async () => { await revocation.close() })
    const mine = of('ours', ours, [])
    const other = of('theirs', theirs, [revocation])
    return await Promise.all([[mine, other], [other, mine]].flatMap((authorities) => {
      const trust = createTrustEvaluator({ authorities: () => authorities, version: () => 1 })
      return [client, lost].map(async ({ der }) => {
        const decision = await trust.evaluate(der)
        return decision.accepted ? decision.authority : decision.reason
      })
    }))
  }
  const all = ['ours', 'ours', 'ours', 'ours']
  const byKey = ['ours', 'revoked', 'ours', 'revoked']
  t.same(await outcomes(checker([lists.theirs])), all, 'their list')
  t.same(await outcomes(fromUrl), all, 'their list from a URL')
  for (const crls of [[lists.theirs, lists.ours], [lists.ours, lists.theirs]]) {
    t.same(await outcomes(checker(crls)), byKey, 'our list beside theirs counts')
  }
  for (const ask of ['all', 'first'] as const) {
    t.same(await outcomes(combineCheckers([checker([lists.theirs]), checker([lists.ours])], { ask })), byKey, ask)
  }
})
