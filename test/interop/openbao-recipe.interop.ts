// The commands of docs/issuers/openbao.md, one after the other, as a newcomer runs them, with free ports and a shorter life.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { freePort, startProgram } from '@peerkit/example-openbao'
import { readFences } from '../docs/fences.ts'
import { ScratchFolder } from '../docs/scratch-folder.ts'
import { requireTool } from './require-tool.ts'

requireTool('bao')
requireTool('openssl')
requireTool('curl')

for (const server of ['a development server', 'a server that keeps its data'] as const) {
  test(`the recipe, from an empty machine to a renewing service, with ${server}`, { timeout: 180_000 }, async (t) => { await follow(t, server) })
}

async function follow (t: Test, server: 'a development server' | 'a server that keeps its data'): Promise<void> {
  const scratch = new ScratchFolder()
  t.teardown(() => { scratch[Symbol.dispose]() })
  const [bao, cluster, service] = [await freePort(), await freePort(), await freePort()]
  const document = readFileSync(join(import.meta.dirname, '../../docs/issuers/openbao.md'), 'utf8').replaceAll(':8200', `:${bao}`).replaceAll(':8201', `:${cluster}`).replaceAll('8443', String(service)).replace('ttl=1m', 'ttl=20s')
  const fences = readFences(document)
  const shell = fences.filter(({ info }) => info === 'sh').map(({ code }) => code)
  t.equal(shell.length, 7)
  writeFileSync(join(scratch.path, 'service.mjs'), String(fences.find(({ info }) => info === 'js')?.code))
  t.teardown(() => {
    const pid = join(scratch.path, 'openbao.pid')
    if (existsSync(pid)) process.kill(Number(readFileSync(pid, 'utf8')))
  })
  let environment = process.env
  /** A block, in the shell of the reader: what it exports is there for the next. */
  const run = (code: string): string => {
    const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', `${code}\nenv > environment`], { cwd: scratch.path, env: environment, encoding: 'utf8', timeout: 90_000 })
    t.equal(status, 0, `${code}\n${stdout}${stderr}`)
    environment = Object.fromEntries(readFileSync(join(scratch.path, 'environment'), 'utf8').split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)))
    return stdout
  }
  const [development, pki, roles, login, client, revoke, lasting] = shell as [string, string, string, string, string, string, string]
  for (const code of [server === 'a development server' ? development : lasting, pki, roles, login]) run(code)
  const program = await startProgram(process.execPath, ['--conditions=@peerkit/source', 'service.mjs'], /^ready$/, { cwd: scratch.path, env: { ...process.env, NODE_OPTIONS: '' } })
  t.teardown(async () => { await program.kill() })
  t.equal(run(client).split('\n').at(-2), 'hello orders.example')
  t.match(run(revoke), /Key/)
  t.ok(await program.nextLine(/^rotated /))
  t.notMatch(program.lines.join('\n'), /Warning|refused/)
}
