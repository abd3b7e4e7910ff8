// The tests of ../rules-file-reading.test.ts, and more, with every file read in a worker: nobody can tell where a file
// was read.
import { test } from 'tap'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryCredentials } from '@peerkit/credentials'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import fastifyAllowedClients from '../../src/index.ts'
import type { RulesChange } from '../../src/index.ts'
import { guardedApp, withPlaces } from '../support/app.ts'
import { readInWorkers } from '../support/in-worker.ts'
import { billing, ca, ops, serverCertificate } from '../support/people.ts'

readInWorkers(32)
await import('../rules-file-reading.test.ts')

test('a change is compared in the worker, and a refused one changes nothing', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'peerkit-in-worker-'))
  t.teardown(async () => { await rm(directory, { recursive: true }) })
  const file = join(directory, 'rules.json')
  const write = async (rules: object): Promise<void> => { await writeFile(file, JSON.stringify(rules)) }
  const changes: RulesChange[] = []
  await write({ groups: { a: [{ ou: 'billing' }] }, defaultRules: ['a'] })
  const { app, status } = await guardedApp({ file, watch: false, onReload: (change) => { changes.push(change) } })
  t.teardown(async () => { await app.close() })
  app.get('/', async () => 'x')
  await app.ready()
  t.same([await status(billing, '/'), await status(ops, '/')], [200, 403])
  await app.mtls.reload()
  t.equal(app.mtls.rulesVersion, 1, 'the same bytes are no change')
  await write({ groups: { a: [{ ou: 'billing' }, { ou: 'ops' }], more: { cn: 'm' } }, defaultRules: ['a'] })
  await app.mtls.reload()
  t.same([await status(billing, '/'), await status(ops, '/'), app.mtls.rulesVersion], [200, 200, 2])
  t.match(changes, [{
    generation: 2,
    added: [{ path: 'groups.a', rule: '{"ou":"ops"}' }, { path: 'groups.more', rule: '{"cn":"m"}' }],
    removed: []
  }])
  await write({ groups: { a: [{ uo: 'billing' }] }, defaultRules: ['a'] })
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rule_invalid' })
  t.same([await status(billing, '/'), await status(ops, '/'), app.mtls.rulesVersion], [200, 200, 2])
})

test('the worker checks rules against the authorities of the server', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'peerkit-in-worker-'))
  t.teardown(async () => { await rm(directory, { recursive: true }) })
  const file = join(directory, 'rules.json')
  const { chain: cert, key } = serverCertificate
  const start = async (authority: string): Promise<void> => {
    await writeFile(file, JSON.stringify({ defaultRules: [{ authority }] }))
    const credentials = memoryCredentials({ cert, key, authorities: { internal: { ca: ca.root, names: 'any' } } })
    const app = Fastify(withMtls(credentials))
    t.teardown(async () => { await app.close() })
    await app.register(fastifyMtls, { closeCredentials: true })
    await app.register(fastifyAllowedClients, withPlaces({ file, watch: false }))
  }
  await t.rejects(start('other'), {
    code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rule_invalid', message: /defaultRules\[0\]\.authority: found "other"/
  })
  await t.resolves(start('internal'))
})
