// node --conditions=@peerkit/source test/fuzz/sequences/run.ts stateful|disk|watched [--seed N] [--runs N]
//   [--minutes N] [--path P --replay-path R]
import { parseArgs } from 'node:util'
import { searchInBatches, searchInProcess } from './batches.ts'

const { values, positionals: [name] } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    minutes: { type: 'string' },
    path: { type: 'string' },
    'replay-path': { type: 'string' }
  }
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)
if (name !== 'stateful' && name !== 'disk' && name !== 'watched') {
  throw new Error(`found ${name}; expected stateful, disk or watched`)
}
console.log(`${name}, seed ${seed}`)
const isRepeated = values.path !== undefined
const { finding, runs, steps, seen, memory } = await (isRepeated ? searchInProcess : searchInBatches)(name, {
  seed,
  runs: Number(values.runs ?? (values.minutes === undefined ? 100 : 1_000_000)),
  path: values.path,
  replayPath: values['replay-path'],
  time: values.minutes === undefined ? undefined : Number(values.minutes) * 60_000
})
console.log(`${runs} sequences, ${steps} commands, ${Math.round(memory / 1e6)} MB at most`)
for (const [what, count] of [...seen].sort()) console.log(`  ${what}: ${count}`)
if (finding !== undefined) {
  console.error(finding)
  process.exitCode = 1
}
