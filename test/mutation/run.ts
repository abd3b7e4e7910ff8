// Mutation testing: plants faults into the sources of a package, one at a time, and reports those that no test notices.
//
//   npm run mutate -- rules                                 every source file of the package
//   npm run mutate -- trust --mutate 'src/path/**'          some of them
//   npm run mutate -- rules --sample 20 --seed 7            20 of 100 faults, drawn by lot
//   npm run mutate -- rules --quick                         without tests of over 1.5 s: the score may be too low
//
// What comes after the package goes to Stryker. It works on a copy, and remembers in packages/NAME/.mutation.json which
// faults were noticed, so that the next run tries those again whose code or tests changed.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const root = resolve(import.meta.dirname, '../..')
const [name = '', ...options] = process.argv.slice(2)
const { values: { sample, seed, quick } } = parseArgs({
  args: options,
  strict: false,
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' }, quick: { type: 'boolean' } }
})
const folder = join(root, 'packages', name)
if (name === '' || !existsSync(join(folder, 'src'))) {
  console.error(`found ${name === '' ? 'no package' : `"${name}"`}; expected one of ${readdirSync(join(root, 'packages')).join(', ')}`)
  process.exit(2)
}
const stryker = join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js')
const config = join(import.meta.dirname, 'stryker.config.js')
// Tests that draw by lot draw less, but as much as they need to see every answer: each fault is tried by them.
const env: NodeJS.ProcessEnv = { PEERKIT_FUZZ_TIMES: name === 'rules' ? '0.02' : '0.1', ...process.env }
if (quick === true) env['PEERKIT_MUTATION_SLOW'] = '1500'
const valued = ['--sample', '--seed']
const passed = options.filter((option, at) => ![...valued, '--quick'].includes(option) && !valued.includes(options[at - 1] ?? ''))
if (sample !== undefined) {
  // What was not drawn must not be remembered as tried.
  env['PEERKIT_MUTATION_SAMPLE'] = `${sample}:${seed}`
  passed.push('--incrementalFile', '.mutation-sample.json')
}
const { status } = spawnSync(process.execPath, [stryker, 'run', config, ...passed], { cwd: folder, stdio: 'inherit', env })
process.exit(status ?? 1)
