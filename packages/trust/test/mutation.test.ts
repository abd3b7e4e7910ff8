import { test } from 'tap'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import { createPathValidator } from '../src/index.ts'
import { text } from '@peerkit/test-support/der'
import {
  NOW, Party, altNames, basicConstraints, dns, inhibitAny, keyUsage, mappings, nameConstraints, policies,
  policyConstraints, purposes
} from '@peerkit/test-support/mint'

/** Repeatable: a failure can be looked at. */
function * randomNumbers (seed: number): Generator<number> {
  let state = seed
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 0x1_0000_0000
  }
}

test('a changed octet, a cut or a splice in any certificate of a chain never throws, and never ' +
  'makes it valid', async (t) => {
  const [root, ca] = [new Party('CN=root'), new Party('CN=ca')]
  const intermediate = root.certify(
    ca, { extensions: [nameConstraints([dns('example.com')]), policies('1.2.3'), mappings(['1.2.3', '1.2.4'])] }
  )
  const leaf = ca.issue('CN=client', { extensions: [altNames(dns('a.example.com')), policies('1.2.4')] })
  const validator = createPathValidator({ anchors: () => [root.root()], generation: () => 1, now: () => NOW })
  t.match(validator.validate(leaf, [intermediate]), { valid: true })
  const random = randomNumbers(seedOf(7))
  const below = (bound: number): number => Math.floor((random.next().value as number) * bound)
  const mutate = (der: Uint8Array): Uint8Array => {
    const copy = Buffer.from(der)
    const kind = below(4)
    if (kind === 0) return copy.subarray(0, below(copy.length))
    if (kind === 1) return Buffer.concat([copy.subarray(0, below(copy.length)), copy.subarray(below(copy.length))])
    for (let count = 1 + below(3); count > 0; count--) copy[below(copy.length)] = below(256)
    return copy
  }
  const reasons = new Map<string, number>()
  const last = rounds(3000)
  t.comment(`seed ${seedOf(7)}`)
  for (let round = 0; round < last; round++) {
    const chain = [leaf, intermediate].map((der) => round % 3 === 0 || below(2) === 0 ? mutate(der) : der)
    const same = Buffer.compare(chain[0]!, leaf) === 0 && Buffer.compare(chain[1]!, intermediate) === 0
    const verdict = validator.validate(chain[0]!, [chain[1]!])
    const answer = verdict instanceof Promise ? 'later' : verdict.valid ? 'valid' : verdict.step
    if ((answer === 'valid') !== same) t.fail(`${answer} in round ${round}`, { chain: chain.map((der) => Buffer.from(der).toString('hex')) })
    reasons.set(answer, (reasons.get(answer) ?? 0) + 1)
  }
  t.ok((reasons.get('unreadable') ?? 0) > last / 6)
  t.ok((reasons.get('signature_invalid') ?? 0) > last / 30)
  t.equal(reasons.get('later'), undefined)
})

test('extensions that a CA damages on purpose, and signs, never throw and are always answered', async (t) => {
  const random = randomNumbers(seedOf(11))
  const below = (bound: number): number => Math.floor((random.next().value as number) * bound)
  const samples = [
    basicConstraints(true, 1), keyUsage(5), purposes('1.3.6.1.5.5.7.3.2'), policies('1.2.3', '2.5.29.32.0'),
    mappings(['1.2.3', '1.2.4']), policyConstraints(0, 1), inhibitAny(0),
    nameConstraints([dns('example.com'), text(0x86, '.example.com')], [text(0x81, 'joe@example.com')]),
    altNames(dns('a.example.com'), text(0x86, 'spiffe://a.example.com/x'), text(0x81, 'joe@example.com'))
  ]
  const [root, ca] = [new Party('CN=root'), new Party('CN=ca')]
  const anchors = [root.root()]
  const reasons = new Set<string>()
  const last = rounds(1500)
  t.comment(`seed ${seedOf(11)}`)
  for (let round = 0; round < last; round++) {
    const extensions = samples.filter(() => below(2) === 0).map((extension) => {
      const value = Buffer.from(extension.value)
      for (let count = below(3); count > 0; count--) value[below(value.length)] = below(256)
      return {
        ...extension, critical: below(2) === 0, value: below(20) === 0 ? value.subarray(0, below(value.length)) : value
      }
    })
    const chain = below(2) === 0 ? [ca.issue(), root.certify(ca, { extensions })] as const : [ca.issue('CN=client', { extensions }), root.certify(ca)] as const
    const verdict = createPathValidator({ anchors: () => anchors, now: () => NOW, policies: { requireExplicit: below(2) === 0 } }).validate(chain[0], [chain[1]])
    reasons.add(verdict instanceof Promise ? 'later' : verdict.valid ? 'valid' : verdict.step)
  }
  for (const reason of ['valid', 'unreadable', 'wrong_purpose', 'policy', 'name_constraint', 'not_ca']) t.ok(reasons.has(reason), reason)
  t.notOk(reasons.has('later'))
})
