import { mock } from 'node:test'
import { test } from 'tap'

// fast-check keeps the timers that it finds when it is loaded.
mock.timers.enable({ apis: ['setTimeout'] })
const { default: fc } = await import('fast-check')
const { playSequences } = await import('./search.ts')

const TIME = 60_000

test('the sequence that is played when the time is over is a finding if it fails', async (t) => {
  t.teardown(() => { mock.timers.reset() })
  let begun = 0
  let isClosed = false
  const makeState = () => ({
    steps: 1, seen: new Map<string, number>(), async begin () { begun += 1 }, async close () { isClosed = true }
  })
  const late = {
    check: () => true,
    async run () {
      if (begun < 3) return
      mock.timers.tick(TIME)
      // fast-check has ended after this.
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => { setImmediate(resolve) })
      throw new Error('too late for fast-check')
    },
    toString: () => 'a step that ends late'
  }
  const { finding } = await playSequences({
    name: 'disk', options: { seed: 7, runs: 100, time: TIME }, commands: fc.constant([late]), makeState, onStep: undefined
  })
  t.match(finding, /^Error: too late for fast-check/)
  t.match(finding, /sequence 3, which was not made shorter; the last step fails:\n {2}1\. a step that ends late\n/)
  t.match(finding, /repeat it: npm run fuzz -- --only disk --seed 7$/)
  t.equal(isClosed, true)
})
