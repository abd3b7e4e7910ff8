import { test } from 'tap'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { fileCredentials, memoryCredentials, providerCredentials, renewingCredentials } from '../src/index.ts'

const ca = await createDevCa()
const { chain, key } = await ca.issue({ cn: 'ledger' })
const given = { cert: chain, key, ca: ca.root }

test('memory, a provider and an issuer tell what they are and whether the last attempt succeeded', async (t) => {
  const clock = new ManualClock()
  let fails = false
  const answer = async (): Promise<typeof given> => {
    if (fails) throw new Error('the vault is sealed')
    return given
  }
  const provided = await providerCredentials(answer, { clock })
  const renewed = await renewingCredentials({ issue: answer }, { clock })
  const start = clock.now()
  for (const [source, kind] of [[provided, 'provider'], [renewed, 'issuer']] as const) {
    const { renewal, ...status } = source.status?.() ?? {}
    t.same(status, { kind, origin: kind, state: 'live', since: start, problem: undefined, bundles: [] })
    t.match(renewal, { issuer: undefined, issuedBy: source.current.identity.issuer?.toString(), renewedAt: start, failures: 0, failingSince: undefined, code: undefined, reason: undefined, store: undefined })
    t.ok((renewal?.nextRenewal ?? 0) > start)
  }
  fails = true
  clock.advance(1_000)
  await t.rejects(provided.refresh())
  clock.advance(1_000)
  await t.rejects(provided.refresh())
  const problem = /provider failed: the vault is sealed/
  t.match(provided.status?.(), { state: 'failing', since: start + 1_000, problem }, 'since the first failure')
  fails = false
  await provided.refresh()
  t.match(provided.status?.(), { state: 'live', since: start + 2_000, problem: undefined })
  await Promise.all([provided.close(), renewed.close()])
  t.match(provided.status?.(), { state: 'closed', since: start + 2_000 })
  const memory = memoryCredentials({ ...given, clock })
  t.throws(() => memory.update({ ca: 'no CA' }))
  t.match(memory.status?.(), { kind: 'memory', state: 'failing', problem: /ca/ })
  await memory.close()
})

test('files tell their folders, and which authority is refused', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-status-'))
  t.teardown(async () => { await rm(folder, { recursive: true }) })
  const file = (name: string): string => join(folder, name)
  for (const [name, content] of Object.entries({ 'a.pem': chain, 'a.key': key, 'ca.pem': ca.root })) {
    await writeFile(file(name), content)
  }
  await copyFile(file('ca.pem'), file('good.pem'))
  const source = await fileCredentials({
    cert: file('a.pem'), key: file('a.key'), watch: false, authorities: { clients: { ca: file('ca.pem') } }
  })
  t.match(source.status?.(), { kind: 'files', origin: dirname(file('a.pem')), state: 'live' })
  await writeFile(file('ca.pem'), 'garbage')
  await t.rejects(source.reload())
  t.match(source.status?.(), { state: 'failing', problem: /^authority "clients": .*ca\.pem/ })
  await copyFile(file('good.pem'), file('ca.pem'))
  await source.reload()
  t.match(source.status?.(), { state: 'live', problem: undefined })
  await source.close()
})
