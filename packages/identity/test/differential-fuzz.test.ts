import { test } from 'tap'
import { compareWithNode } from '../scripts/fuzz/compare-with-node.ts'
import { fuzz } from '../scripts/fuzz/run.ts'
import { devCaSeeds, handMadeSeeds, realWorldSeeds } from '../scripts/fuzz/seeds.ts'
import { element, hex, sequence } from './fixtures/der.ts'
import { basicConstraints, certificate, dns, ip, name, subjectAltName } from './fixtures/certificate.ts'

const RANDOM_SEED = 20260101
const seeds = [...handMadeSeeds(), ...await devCaSeeds(), ...realWorldSeeds()]

test('agrees with X509Certificate on every seed', async (t) => {
  t.same(seeds.map((seed) => compareWithNode(seed)).filter((outcome) => outcome.kind !== 'agree'), [])
})

test('agrees with X509Certificate on every mutant that both accept, and accepts none that it refuses', async (t) => {
  t.comment(`random seed ${RANDOM_SEED}`)
  const { findings, outcomes } = fuzz(seeds, 20_000, RANDOM_SEED)
  t.same(findings, [])
  // A mutator that only ever breaks the outermost frame would prove nothing.
  t.ok((outcomes['agree'] ?? 0) > 4000, `both accept ${outcomes['agree']}`)
  t.ok((outcomes['we_refuse_node_accepts'] ?? 0) > 1000)
})

test('gives the same mutants for the same seed', async (t) => {
  t.same(fuzz(seeds.slice(0, 3), 300, 7), fuzz(seeds.slice(0, 3), 300, 7))
})

test('would notice a reader that is wrong', async (t) => {
  // Two certificates that differ in one field: giving one to us and the other to Node must be a disagreement on that
  // field.
  const base = certificate({ extensions: [subjectAltName(dns('a.example'))] })
  const pairs: readonly (readonly [string, Buffer])[] = [
    [
      'subject',
      certificate({ subject: name([['2.5.4.3', 0x0c, 'other']]), extensions: [subjectAltName(dns('a.example'))] })
    ],
    ['subjectAltName', certificate({ extensions: [subjectAltName(dns('b.example'))] })],
    ['subjectAltName', certificate({ extensions: [subjectAltName(dns('a.example'), ip(1, 2, 3, 4))] })],
    ['subjectAltName', certificate()],
    ['isCa', certificate({ extensions: [subjectAltName(dns('a.example')), basicConstraints(hex('0101ff'))] })],
    ['extendedKeyUsage', certificate({
      extensions: [
        subjectAltName(dns('a.example')), sequence(hex('0603551d25'), element(0x04, sequence(hex('06022a03'))))
      ]
    })],
  ]
  for (const [field, other] of pairs) {
    const outcome = compareWithNode(base, other)
    t.ok(outcome.kind === 'disagree' && outcome.fields.includes(field), field)
  }
})
