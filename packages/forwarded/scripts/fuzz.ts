// node --conditions=@peerkit/source scripts/fuzz.ts [count] [seed]
import { gateway } from '../test/support/people.ts'
import { fuzz } from './fuzz/run.ts'
import { targets } from './fuzz/targets.ts'

const [count = 1_000_000, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number)
const start = performance.now()
const { findings, counts, slowest } = fuzz(targets, gateway, count, seed)
console.log(
  `${count} mutants of ${targets.length} gateways, seed ${seed}, ${Math.round(performance.now() - start)} ms, ` +
    `the slowest ${slowest.toFixed(1)} ms`
)
console.log(counts)
for (const { target, problem, headers } of findings.slice(0, 10)) {
  console.log(target, problem, headers.map((text) => text.slice(0, 200)))
}
console.log(`${findings.length} findings`)
if (findings.length > 0) process.exitCode = 1
