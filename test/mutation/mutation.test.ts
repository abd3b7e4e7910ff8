// The parts of mutation testing that would make its score too good or too bad if they were wrong.
import { Test, test } from 'tap'
import type { Mutant } from '@stryker-mutator/api/core'
import { isDrawn } from './drawn.ts'
import { KillOrder, testId } from './kill-order.ts'
import { runTest } from './recorded-tests.ts'

type Body = (t: Test) => unknown
/** Without the channel to tap, which does not keep the process alive. */
const run = async (body: Body): Promise<string | undefined> => {
  return await runTest(Test, { name: 'x', options: ['x', body] }, null)
}
// As in the runner: a test within that is ended rejects.
process.on('unhandledRejection', (reason) => { if (reason !== 'bailout') throw reason })

test('a test that fails or throws notices a fault, and one that passes does not', async (t) => {
  t.equal(await run(async (one) => { one.equal(1, 1) }), undefined)
  t.equal(await run((one) => { one.end() }), undefined)
  t.match(await run(async (one) => { one.equal(1, 2, 'same') }), /^not ok 1 - same/)
  t.match(await run(async (one) => { await one.test('within', async (two) => { two.ok(false, 'deep') }) }), /^not ok 1 - deep/)
  t.match(await run(() => { throw new Error('thrown') }), /^not ok 1 - thrown/)
  t.match(await run(async () => { throw new Error('rejected') }), /^not ok 1 - rejected/)
  t.equal(await run(async (one) => { one.equal(1, 1) }), undefined, 'nothing is left of the former')
})

test('test files that notice more in less time try first, and all are tried', async (t) => {
  const order = new KillOrder()
  const ids = [testId('slow.ts', 'a b'), testId('quick.ts', 'c'), testId('blind.ts', 'd'), testId('slow.ts', 'e')]
  const files = (source: string): readonly string[] => order.sort(source, ids).map(([file]) => file)
  t.same(files('source.ts'), ['slow.ts', 'quick.ts', 'blind.ts'], 'at first, that with more tests')
  order.note('source.ts', 'slow.ts', 500, true)
  order.note('source.ts', 'quick.ts', 5, true)
  for (let tries = 0; tries < 3; tries++) order.note('source.ts', 'blind.ts', 5, false)
  t.same(files('source.ts'), ['quick.ts', 'blind.ts', 'slow.ts'])
  t.same(files('other.ts'), ['quick.ts', 'blind.ts', 'slow.ts'], 'what they did for other sources counts at first')
  t.same([...order.sort('source.ts', ids)[2]![1]], ['a b', 'e'], 'with the names of the tests')
})

test('without a wish for a part all faults are tried', async (t) => {
  const mutants = Array.from({ length: 100 }, (_, line): Mutant => ({
    id: String(line), fileName: '/x/src/a.ts', mutatorName: 'm', replacement: 'r', location: { start: { line, column: 0 }, end: { line, column: 1 } }
  }))
  t.equal(mutants.filter((mutant) => isDrawn(mutant)).length, 100)
  const drawn = (percent: number, seed: number): readonly string[] => mutants.filter((mutant) => isDrawn(mutant, { percent, seed })).map(({ id }) => id)
  t.ok(drawn(30, 1).length > 10 && drawn(30, 1).length < 60)
  t.same(drawn(30, 1), drawn(30, 1))
  t.strictNotSame(drawn(30, 1), drawn(30, 2))
  t.same(drawn(30, 1).filter((id) => !drawn(60, 1).includes(id)), [], 'a larger part has the smaller one')
})
