// A short run of every fuzzer, with the kept inputs first. Longer ones: npm run fuzz.
import { test } from 'tap'
import { fuzzers } from './fuzzers.ts'
import { rounds, seedOf } from './draws.ts'
import type { Finding } from './engine/fuzzer.ts'

const SEED = 20261129
/** Inputs of one fuzzer: as many as take about a second. The conversations take ten times as long. */
const FEW = 300
const MANY = 1_500
const SLOW: readonly string[] = ['acme', 'vault', 'path', 'certificate']

for (const { name, about, load } of fuzzers) {
  test(`${name}: ${about}`, async (t) => {
    const seed = seedOf(SEED)
    const count = rounds(SLOW.includes(name) ? FEW : MANY)
    t.comment(`seed ${seed}, ${count} inputs`)
    const findings: Finding[] = []
    const fuzz = await load()
    const { inputs, answers } = await fuzz({
      seed, isOver: (done) => done >= count, onInput () {}, onFinding: (finding) => { findings.push(finding) }
    })
    t.strictSame(findings.map(({ problem, input }) => `${problem} ${Buffer.from(input).toString('base64')}`), [])
    t.ok(inputs >= count)
    // Inputs that are all refused at their first octet would prove nothing.
    t.ok(Object.keys(answers).length >= 3, JSON.stringify(answers))
  })
}
