// node --conditions=@peerkit/source test/fuzz/stateful/run.ts [--seed N] [--runs N] [--minutes N] [--path P --replay-path R]
import { parseArgs } from 'node:util'
import { search } from './search.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    minutes: { type: 'string' },
    path: { type: 'string' },
    'replay-path': { type: 'string' }
  }
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)
console.log(`stateful, seed ${seed}`)
const { finding, runs, steps, seen } = await search({
  seed,
  runs: Number(values.runs ?? (values.minutes === undefined ? 100 : 1_000_000)),
  path: values.path,
  replayPath: values['replay-path'],
  time: values.minutes === undefined ? undefined : Number(values.minutes) * 60_000
})
console.log(`${runs} sequences, ${steps} commands, ${Math.round(process.memoryUsage().rss / 1e6)} MB`)
for (const [what, count] of [...seen].sort()) console.log(`  ${what}: ${count}`)
if (finding !== undefined) {
  console.error(finding)
  process.exitCode = 1
}
