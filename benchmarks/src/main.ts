// `npm run bench` runs every benchmark, `npm run bench -- NAME …` those named.
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'

const benchmarks: Readonly<Record<string, () => Promise<unknown>>> = {
  identity: () => import('./identity.ts'),
  rules: () => import('./rules.ts'),
  verdict: () => import('./verdict.ts'),
  crl: () => import('./crl.ts'),
  'keep-alive': () => import('./keep-alive.ts')
}

// Taken out: a benchmark run by itself reads its own argument there.
const asked = process.argv.splice(2)
const names = asked.length > 0 ? asked : Object.keys(benchmarks)
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name))
if (unknown.length > 0) {
  console.error(`No benchmark is called ${unknown.join(', ')}; there are ${Object.keys(benchmarks).join(', ')}.`)
  process.exit(1)
}
// Servers run on the first core (keep-alive.ts), everything measured from here on the second.
if (process.platform === 'linux' && cpus().length > 1) execFileSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })
for (const name of names) await benchmarks[name]?.()
