// docs/recipes/docker-compose.md: the script and both programs run, with folders in place of volumes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { parse } from 'yaml'
import { root } from '../architecture/source-graph.ts'
import { runChild } from './child-run.ts'
import { readFences } from './fences.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
t.teardown(() => { scratch[Symbol.dispose]() })
const page = readFileSync(join(root, 'docs/recipes/docker-compose.md'), 'utf8')
const fences = readFences(page)
/** The block that follows the name of a file. */
const blockOf = (name: string): string => {
  const at = page.slice(0, page.indexOf(`\n\`${name}\``)).split('\n').length
  return fences.find(({ line }) => line > at)!.code
}
const compose = parse(blockOf('compose.yaml'))
for (const name of ['pki.sh', 'ledger.mjs', 'orders.mjs']) writeFileSync(join(scratch.path, name), blockOf(name))

t.test('the script makes certificates, orders calls the ledger, and a second run renews them', async (t) => {
  const [PKI, OUT, bin] = ['pki', 'out', 'bin'].map((name) => join(scratch.path, name)) as [string, string, string]
  for (const folder of [PKI, bin, join(OUT, 'ledger'), join(OUT, 'orders')]) mkdirSync(folder, { recursive: true })
  // Writes what `localhost` needs besides the name of the container.
  writeFileSync(join(scratch.path, 'local.sh'), blockOf('pki.sh').replace('--dns "$name"', '--dns "$name" --dns localhost'))
  symlinkSync(join(root, 'packages/cli/bin/peerkit.js'), join(bin, 'peerkit'))
  const env = { PKI, OUT, PATH: `${bin}:${process.env['PATH'] ?? ''}`, NODE_OPTIONS: '--conditions=@peerkit/source' }
  const issue = async (): Promise<void> => {
    const { code, output } = await runChild('env', [...Object.entries(env).map((pair) => pair.join('=')), 'sh', 'local.sh'], { cwd: scratch.path })
    t.equal(code, 0, output)
  }
  await issue()
  const run = (name: string, more: Readonly<Record<string, string>>) => spawn(process.execPath, ['--conditions=@peerkit/source', `${name}.mjs`], {
    cwd: scratch.path, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '', CERTS: join(OUT, name), ...more }
  })
  const ledger = run('ledger', { PORT: '0', PROBE_PORT: '0' })
  t.teardown(() => { ledger.kill('SIGKILL') })
  const lines: string[] = []
  const heard = createInterface({ input: ledger.stdout }).on('line', (line) => { lines.push(line) })
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const line = lines.find((one) => pattern.test(one))
      if (line !== undefined) return line
      await once(heard, 'line')
    }
  }
  const { port, probePort } = JSON.parse(await until(/"msg":"up"/))
  const { status } = await fetch(`http://127.0.0.1:${probePort}/ready`)
  t.equal(status, 200)
  await issue()
  t.ok(await until(/new credentials in force/))
  const orders = run('orders', { LEDGER: `https://localhost:${port}` })
  let said = ''
  orders.stdout.on('data', (part) => { said += part })
  const [code] = await once(orders, 'close')
  t.same([code, said], [0, '200 Hello spiffe://compose.example/orders\n'])
  const closed = once(ledger, 'close')
  ledger.kill('SIGTERM')
  t.same(await closed, [0, null])
})

t.test('compose.yaml and the files name the same things', async (t) => {
  const { services, volumes } = compose
  t.same(Object.keys(services), ['pki', 'ledger', 'orders'])
  const [script, dockerfile] = [blockOf('pki.sh'), blockOf('Dockerfile')]
  for (const [name, { command, volumes: mounts }] of Object.entries<any>(services)) {
    t.match(dockerfile, command.at(-1))
    for (const [volume = '', path = ''] of mounts.map((mount: string) => mount.split(':'))) {
      t.ok(Object.hasOwn(volumes, volume), volume)
      if (name === 'pki') t.match(script, path.replace(/\/(ledger|orders)$/, ''))
      else t.same([volume, path], [name, '/certs'], 'each sees its own key alone')
    }
  }
  t.match(script, 'for name in ledger orders;')
  t.match(blockOf('orders.mjs'), /https:\/\/ledger:8443/)
  t.match(services.ledger.healthcheck.test.at(-1), 'http://127.0.0.1:9000/ready')
})
