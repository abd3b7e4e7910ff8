import { test } from 'tap'
import type { BlockList, Decision } from '../src/index.ts'
import { createTrustEvaluator } from '../src/index.ts'
import { evaluatorOf, told } from './support/evaluate.ts'
import { NOW, Party } from '@peerkit/test-support/mint'

const [root, ca, other] = [new Party('CN=root'), new Party('CN=ca'), new Party('CN=other')]
const anchor = root.root()
const [intermediate, leaf] = [root.certify(ca), ca.issue()]

/** Blocks certificates by common name. */
function listOf (names: string[], always = false): BlockList & { version: number, asked: number } {
  const list = {
    version: 1,
    always,
    asked: 0,
    find (certificate: { subject: { commonName?: string | undefined } | undefined }) {
      list.asked += 1
      const name = certificate.subject?.commonName ?? ''
      return names.includes(name) ? { entry: `name CN=${name}`, reason: 'stolen' } : undefined
    }
  }
  return list as never
}

test('a blocked leaf is refused, and told by what; a blocked CA blocks the paths through it', async (t) => {
  const ask = (names: string[], sent = [intermediate]) =>
    evaluatorOf([anchor], { block: listOf(names) }).evaluate(leaf, { sent }) as Decision
  t.match(ask(['client']), {
    accepted: false,
    reason: 'blocked',
    detail: {
      step: 'blocked',
      message: /^CN=client .* is blocked by name CN=client \(stolen\)$/,
      certificate: { subject: 'CN=client' }
    }
  })
  t.match(ask(['ca']), { reason: 'blocked', detail: { certificate: { subject: 'CN=ca' } } })
  t.match(ask(['root']), { reason: 'blocked', detail: { certificate: { subject: 'CN=root' } } })
  t.equal(told(ask(['nobody'])), 'accepted by ca < root')
  const twin = root.certify(ca, { subjectName: undefined } as never)
  t.equal(told(ask([], [twin])), 'accepted by ca < root')
})

test('a change of the list counts at once for what was accepted before, resumed sessions too', async (t) => {
  const names: string[] = []
  const block = listOf(names)
  const trust = evaluatorOf([anchor], { block })
  const decision = trust.evaluate(leaf, { sent: [intermediate] }) as Decision
  t.equal(decision.accepted && trust.isFresh(decision), true)
  names.push('client')
  block.version += 1
  t.equal(trust.isCurrent(decision), false)
  t.equal(decision.accepted && trust.isFresh(decision), false)
  t.equal(told(trust.evaluate(leaf, { sent: [intermediate] })), 'blocked/blocked')
  t.equal(told(trust.evaluate(leaf, { resumed: true })), 'blocked/blocked')
  names.pop()
  block.version += 1
  t.equal(told(trust.evaluate(leaf, { sent: [intermediate] })), 'accepted by ca < root')
})

test('a list without a version is asked each time', async (t) => {
  const names: string[] = []
  const trust = evaluatorOf([anchor], { block: listOf(names, true) })
  const decision = trust.evaluate(leaf, { sent: [intermediate] }) as Decision
  t.equal(decision.accepted && trust.isFresh(decision), true)
  for (const name of ['client', 'ca', 'root']) {
    names.splice(0, names.length, name)
    t.equal(decision.accepted && trust.isFresh(decision), false, name)
    t.equal(told(trust.evaluate(leaf, { sent: [intermediate] })), 'blocked/blocked', name)
  }
})

test('a list that fails blocks, and ends nothing', async (t) => {
  let fails = false
  const block: BlockList = {
    version: 1,
    always: true,
    find () {
      if (fails) throw new Error('broken')
      return undefined
    }
  }
  const trust = evaluatorOf([anchor], { block })
  const decision = trust.evaluate(leaf, { sent: [intermediate] }) as Decision
  fails = true
  t.equal(decision.accepted && trust.isFresh(decision), false)
  t.equal((trust.evaluate(leaf, { sent: [intermediate] }) as Decision).accepted, false)
})

test('a leaf that is blocked is blocked below every authority; what is no list is refused', async (t) => {
  const two = createTrustEvaluator({
    authorities: () => [{ name: 'a', ca: [anchor] }, { name: 'b', ca: [other.root()] }],
    block: listOf(['client']),
    now: () => NOW
  })
  t.equal(told(two.evaluate(leaf, { sent: [intermediate, other.certify(ca)] })), 'blocked/blocked')
  const failing = evaluatorOf([anchor], { block: { version: 1, find () { throw new Error('broken') } } })
  t.equal((failing.evaluate(leaf, { sent: [intermediate] }) as Decision).accepted, false)
  t.throws(
    () => evaluatorOf([anchor], { block: [] as never }),
    { code: 'MTLS_ERR_PATH_OPTION', message: /block\.version is missing/ }
  )
})
