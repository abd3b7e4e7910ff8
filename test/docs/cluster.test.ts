// docs/recipes/cluster.md: its program runs as it is, in two processes that share the ticket secret.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import t from 'tap'
import { root } from '../architecture/source-graph.ts'
import { readFences } from './fences.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
t.teardown(() => { scratch[Symbol.dispose]() })
const fences = readFences(readFileSync(join(root, 'docs/recipes/cluster.md'), 'utf8'))
const [program, ecosystem] = fences.filter(({ info }) => info === 'js').map(({ code }) => code) as [string, string]

t.test('a session that one process began is resumed by the other', async (t) => {
  const ca = await createDevCa()
  const server = await ca.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })
  const olga = await ca.issue({ profile: 'client', cn: 'Olga', ou: 'operators' })
  const files = { 'server.pem': server.chain, 'server.key': server.key, 'ca.pem': ca.root, 'crl.pem': (await ca.crl()).pem }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(scratch.path, name), text, { mode: 0o600 })
  writeFileSync(join(scratch.path, 'ticket-secret'), randomBytes(32), { mode: 0o600 })
  // Any free port, which the process tells where PM2 hears "ready".
  const told = program.replace('port: 8443', 'port: 0').replace("send?.('ready')", 'send?.(app.server.address().port)')
  writeFileSync(join(scratch.path, 'server.mjs'), told)
  const start = async (): Promise<readonly [ChildProcess, number]> => {
    const child = fork(join(scratch.path, 'server.mjs'), { cwd: scratch.path, silent: true, execArgv: ['--conditions=@peerkit/source'], env: { ...process.env, NODE_OPTIONS: '' } })
    t.teardown(() => { child.kill('SIGKILL') })
    const [port] = await once(child, 'message')
    return [child, port as number]
  }
  const processes = await Promise.all([start(), start()])
  const agent = new Agent({ keepAlive: false, ca: ca.root, cert: olga.chain, key: olga.key })
  // One agent, and one name: it offers the session of the one to the other.
  Object.assign(agent, { getName: () => 'ledger' })
  const call = async ([, port]: readonly [ChildProcess, number]): Promise<any> => {
    const asked = request(`https://localhost:${port}`, { agent })
    asked.end()
    const [response] = await once(asked, 'response')
    let text = ''
    for await (const part of response) text += part
    return JSON.parse(text)
  }
  const answers = []
  // Three rounds, since the keys change with the hour.
  for (const one of [...processes, ...processes, ...processes]) answers.push(await call(one))
  t.match(answers[0], { resumed: false, name: 'Olga' })
  t.ok(answers.filter(({ resumed }) => resumed).length >= 4, JSON.stringify(answers))
  for (const [child] of processes) {
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    t.same(await closed, [0, null])
  }
})

t.test('the configuration of PM2 starts that program', async (t) => {
  const file = join(scratch.path, 'ecosystem.config.cjs')
  writeFileSync(file, ecosystem)
  const { apps: [app] } = createRequire(file)(file)
  t.match(app, { script: 'server.mjs', exec_mode: 'cluster', wait_ready: true })
  t.ok(app.kill_timeout > 10_000)
  // PM2's own limit is 3 s: a worker that starts slowly would count before it listens.
  t.ok(app.listen_timeout > 3_000)
})
