// Runs every JavaScript block of the root README: each as a module of its own, with what it does not define itself.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'

const folder = join(root, 'test', '.front-page')
const text = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...text.matchAll(/^```js(?: run)?\n([\s\S]*?)^```$/gm)].map((block) => ({ line: text.slice(0, block.index).split('\n').length, code: block[1] ?? '' }))

const IMPORTS: Readonly<Record<string, string>> = {
  Fastify: "import Fastify from 'fastify'",
  fastifyMtls: "import fastifyMtls from '@peerkit/fastify-mtls'",
  withMtls: "import { withMtls } from '@peerkit/fastify-mtls'",
  fastifyAllowedClients: "import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'",
  fileCredentials: "import { fileCredentials } from '@peerkit/credentials'"
}

/** An app with the groups that the page names. */
const APP = `const app = Fastify(withMtls(credentials))
await app.register(fastifyMtls)
await app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' }, auditors: { o: 'Audit' } } })
app.get('/invoices', { config: { allowedClients: 'billing' } }, async () => 'all')
`

/** A block as a module. The app is closed at the end; `listen` gets a port that is free. */
function complete (code: string): string {
  const lines = code.replace('port: 8443', 'port: 0').split('\n')
  const own = lines.filter((line) => line.startsWith('import '))
  const body = lines.filter((line) => !line.startsWith('import ')).join('\n')
  const before = [
    /const credentials =/.test(body) ? '' : "const credentials = await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'pki/root.pem' })",
    /const app =/.test(body) ? '' : APP
  ].join('\n')
  const isImported = (name: string): boolean => own.some((line) => new RegExp(`\\b${name}\\b`).test(line))
  const missing = Object.keys(IMPORTS).filter((name) => new RegExp(`\\b${name}\\b`).test(before + body) && !isImported(name))
  return [...own, ...missing.map((name) => IMPORTS[name]), before, body, 'await app.ready()', 'await app.close()', 'await credentials.close()'].join('\n')
}

test('every JavaScript block of the front page runs', async (t) => {
  t.ok(blocks.length >= 5, String(blocks.length))
  mkdirSync(join(folder, 'pki'), { recursive: true })
  t.after(() => { rmSync(folder, { recursive: true, force: true }) })
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'ledger', dns: 'localhost' })
  writeFileSync(join(folder, 'ledger.pem'), chain)
  writeFileSync(join(folder, 'ledger.key'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'pki/root.pem'), ca.root)
  for (const { line, code } of blocks) {
    const file = `line-${line}.mjs`
    writeFileSync(join(folder, file), complete(code))
    const child = spawn(process.execPath, ['--conditions=@peerkit/source', file], { cwd: folder, env: { ...process.env, NODE_OPTIONS: '' } })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk })
    const [exit] = await once(child, 'close')
    t.equal(exit, 0, `README.md:${line}\n${output}`)
  }
})
