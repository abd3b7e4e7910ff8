// Runs every JavaScript block of the root README: each as a module of its own, with what it does not define itself.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'
import { runNode } from './child-run.ts'
import { readFences } from './fences.ts'
import { ScratchFolder } from './scratch-folder.ts'

const blocks = readFences(readFileSync(join(root, 'README.md'), 'utf8')).filter(({ info }) => /^js( run)?$/.test(info))

const IMPORTS: Readonly<Record<string, string>> = {
  Fastify: "import Fastify from 'fastify'",
  fastifyMtls: "import fastifyMtls from '@peerkit/fastify-mtls'",
  withMtls: "import { withMtls } from '@peerkit/fastify-mtls'",
  fastifyAllowedClients: "import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'",
  fileCredentials: "import { fileCredentials } from '@peerkit/credentials'"
}

const CREDENTIALS =
  "const credentials = await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'pki/root.pem' })"

/** An app with the groups that the page names. */
const APP = `const app = Fastify(withMtls(credentials))
await app.register(fastifyMtls)
await app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' }, auditors: { o: 'Audit' } } })
app.get('/invoices', { config: { allowedClients: 'billing' } }, async () => 'all')
`

/** A block as a module. The app is closed at the end; `listen` gets a port that is free. */
function complete (code: string): string {
  const lines = code.replace(/port: 844[34]/, 'port: 0').split('\n')
  const own = lines.filter((line) => line.startsWith('import '))
  const body = lines.filter((line) => !line.startsWith('import ')).join('\n')
  const before = [
    /const credentials =/.test(body) ? '' : CREDENTIALS,
    /const app =/.test(body) ? '' : APP
  ].join('\n')
  const isImported = (name: string): boolean => own.some((line) => new RegExp(`\\b${name}\\b`).test(line))
  const isUsed = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(before + body)
  const missing = Object.keys(IMPORTS).filter((name) => isUsed(name) && !isImported(name))
  const after = ['await app.ready()', 'await app.close()', 'await credentials.close()']
  return [...own, ...missing.map((name) => IMPORTS[name]), before, body, ...after].join('\n')
}

test('every JavaScript block of the front page runs', async (t) => {
  t.ok(blocks.length >= 5, String(blocks.length))
  const scratch = new ScratchFolder()
  t.after(() => { scratch[Symbol.dispose]() })
  const { path: folder } = scratch
  mkdirSync(join(folder, 'pki'))
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'ledger', dns: 'localhost' })
  writeFileSync(join(folder, 'ledger.pem'), chain)
  writeFileSync(join(folder, 'ledger.key'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'pki/root.pem'), ca.root)
  const accounts = await ca.issue({ spiffe: 'spiffe://prod.example/accounts', dns: 'localhost', profile: 'server' })
  writeFileSync(join(folder, 'accounts.pem'), accounts.chain)
  writeFileSync(join(folder, 'accounts.key'), accounts.key, { mode: 0o600 })
  for (const { line, code } of blocks) {
    const file = `line-${line}.mjs`
    writeFileSync(join(folder, file), complete(code))
    const { code: exit, output } = await runNode([file], { cwd: folder })
    t.equal(exit, 0, `README.md:${line}\n${output}`)
  }
})
