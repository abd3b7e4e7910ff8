// Mutation testing: plants faults into the sources of a package, one at a time, and reports those that no test notices.
//
//   npm run mutate -- rules                                 every source file of the package
//   npm run mutate -- trust --mutate 'src/path/**'          some of them
//
// What comes after the package goes to Stryker. It works on a copy, and remembers in packages/NAME/.mutation.json which
// faults were noticed, so that the next run tries those again whose code or tests changed.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const [name = '', ...options] = process.argv.slice(2)
const folder = join(root, 'packages', name)
if (name === '' || !existsSync(join(folder, 'src'))) {
  console.error(`found ${name === '' ? 'no package' : `"${name}"`}; expected one of ${readdirSync(join(root, 'packages')).join(', ')}`)
  process.exit(2)
}
const stryker = join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js')
const config = join(import.meta.dirname, 'stryker.config.js')
const { status } = spawnSync(process.execPath, [stryker, 'run', config, ...options], { cwd: folder, stdio: 'inherit' })
process.exit(status ?? 1)
