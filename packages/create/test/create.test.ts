import { spawnSync } from 'node:child_process'
import type { SpawnSyncReturns } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { createService } from '../src/index.ts'

const BIN = join(import.meta.dirname, '../bin/create-peerkit.js')

/** Runs the bin file, without the hooks that tap loads into processes of its tests. */
function run (nodeArgs: readonly string[], ...args: readonly string[]): SpawnSyncReturns<string> {
  const env = { ...process.env, NODE_OPTIONS: '' }
  return spawnSync(process.execPath, ['--conditions=@peerkit/source', ...nodeArgs, BIN, ...args], { encoding: 'utf8', env })
}

test('it writes a service with the options of peerkit init', async (t) => {
  const folder = join(t.testdir(), 'shop')
  let out = ''
  const code = await createService([folder, '--js'], { out: (text) => { out += text }, err: (text) => { t.fail(text) } })
  t.equal(code, 0)
  t.match(out, /^wrote shop in JavaScript: /)
  t.ok(existsSync(join(folder, 'server.js')))
})

test('the program does the same, and says what is wrong', async (t) => {
  const folder = join(t.testdir(), 'shop')
  t.match(run([], folder), { status: 0, stdout: /^wrote shop in TypeScript/, stderr: '' })
  t.match(run([], folder), { status: 2, stdout: '', stderr: /^peerkit init: .*expected an empty folder, or --force/ })
  t.match(run([], '--help'), { status: 0, stdout: /^peerkit init: write a service/ })
})

test('a Node that is too old is named', async (t) => {
  const versions = "{ ...process.versions, node: '20.9.0' }"
  const old = `--import=data:text/javascript,Object.defineProperty(process, 'versions', { value: ${versions} })`
  t.match(run([old], 'shop'), { status: 2, stdout: '', stderr: /^Error: Peerkit needs Node 22\.19 or later\. This is Node 20\.9\.0\./ })
})
