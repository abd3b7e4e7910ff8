import { spawn, spawnSync } from 'node:child_process'
import type { SpawnSyncReturns } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'

const PACKAGE = join(import.meta.dirname, '..')
const NOTHING = /^$/
const SOURCE = '--conditions=@peerkit/source'

/** Runs a bin file, without the hooks that tap loads into processes of its tests. */
function run (bin: string, nodeArgs: readonly string[], ...args: readonly string[]): SpawnSyncReturns<string> {
  const env = { ...process.env, NODE_OPTIONS: '' }
  return spawnSync(process.execPath, [...nodeArgs, bin, ...args], { encoding: 'utf8', env })
}

/** Has `process.versions` name another Node. */
function pretend (version: string): string {
  const versions = `{ ...process.versions, node: '${version}' }`
  return `--import=data:text/javascript,Object.defineProperty(process, 'versions', { value: ${versions} })`
}

const own = join(PACKAGE, 'bin/peerkit.js')

test('the program writes to its streams and sets the exit code', async (t) => {
  t.match(run(own, [SOURCE], '--help'), { status: 0, stdout: /^usage: peerkit/, stderr: NOTHING })
  t.match(run(own, [SOURCE], 'nonsense'), { status: 2, stdout: NOTHING, stderr: /unknown command "nonsense"/ })
})

test('a Node that is too old is named, and the one that is needed', async (t) => {
  for (const version of ['18.20.4', '20.9.0', '22.18.0']) {
    const { status, stdout, stderr } = run(own, [SOURCE, pretend(version)], '--help')
    t.same([status, stdout, stderr], [
      2, '',
      `Error: Peerkit needs Node 22.19 or later. This is Node ${version}. Install a newer Node and start again.\n`
    ])
  }
  for (const version of ['22.19.0', '23.0.0', '26.1.0']) {
    t.match(run(own, [SOURCE, pretend(version)], '--help'), { status: 0, stdout: /^usage: peerkit/, stderr: NOTHING })
  }
})

test('a package that is not built says so, and how to build it', async (t) => {
  const folder = t.testdir()
  for (const name of ['bin', 'package.json']) cpSync(join(PACKAGE, name), join(folder, name), { recursive: true })
  t.match(run(join(folder, 'bin/peerkit.js'), [], '--help'), {
    status: 2,
    stdout: NOTHING,
    stderr: /^peerkit: Cannot find .*dist.index\.js.*\nIn a clone of the repository run "npm run build"\. .*\n$/
  })
})

test('a reader of the pipe that leaves early ends the program without an error', async (t) => {
  const child = spawn(process.execPath, [SOURCE, own, 'completion', 'bash'], { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
  const [code] = await once(child, 'close')
  t.same([code, stderr], [0, ''])
})
