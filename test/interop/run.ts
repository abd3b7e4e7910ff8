// Runs the interop tests: all that CI runs, or those that are named. `kubernetes` runs only if it is named: its server
// takes minutes to build.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'

const cwd = join(import.meta.dirname, '..')
const asked = process.argv.slice(2).map((name) => {
  const found = [`interop/${name}.interop.ts`, `interop/${name}.by-hand.ts`, name].find((path) => existsSync(join(cwd, path)))
  if (found === undefined) throw new Error(`there is no test interop/${name}.interop.ts, and no interop/${name}.by-hand.ts`)
  return found
})
const files = asked.length > 0 ? asked : globSync('interop/*.interop.ts', { cwd }).sort()
// Seconds for each file. What is run by hand may take as long as somebody says.
const timeout = asked.some((path) => path.endsWith('.by-hand.ts')) ? 7_200 : 600
// Two at once, because these tests wait for servers for most of their time.
const { status } = spawnSync('tap', [`--timeout=${timeout}`, '--jobs=2', ...files], { stdio: 'inherit', cwd })
process.exitCode = status ?? 1
