import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { injectAs } from '@peerkit/fastify-mtls'
import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { test } from 'tap'
import { guardedApp } from './support/app.ts'
import { billing, both, ops } from './support/people.ts'

async function groupsOf (app: FastifyInstance, peer: PeerIdentity | null, url: InjectOptions | string = '/'): Promise<unknown> {
  return (await injectAs(app, peer, url)).json()
}

test('request.peerGroups has every group of which a rule matches the client', async (t) => {
  const { app } = await guardedApp({
    groups: { billing: { ou: 'billing' }, ops: { ou: 'ops' }, staff: ['billing', 'ops'], nobody: { cn: 'x' } }
  }, {}, { clientCertificate: 'optional' })
  t.teardown(async () => { await app.close() })
  app.get('/', { config: { allowedClients: 'authenticated' } }, async ({ peerGroups }) => peerGroups)
  app.get('/public', { config: { allowedClients: 'public' } }, async ({ peerGroups }) => peerGroups)
  t.same(await groupsOf(app, billing), ['billing', 'staff'])
  t.same(await groupsOf(app, ops), ['ops', 'staff'])
  t.same(await groupsOf(app, both), ['billing', 'ops', 'staff'])
  t.same(await groupsOf(app, both), ['billing', 'ops', 'staff'])
  t.same(await groupsOf(app, null, '/public'), [])
})

test('a group counts by its function if the function let the request pass, and is not asked again', async (t) => {
  let asked = 0
  const even = (): boolean => ++asked % 2 === 1
  const { app } = await guardedApp({ groups: { even: [even], billing: { ou: 'billing' } } })
  t.teardown(async () => { await app.close() })
  app.get('/', { config: { allowedClients: 'even' } }, async ({ peerGroups }) => peerGroups)
  app.get('/any', { config: { allowedClients: 'authenticated' } }, async ({ peerGroups }) => peerGroups)
  t.same(await groupsOf(app, billing), ['billing', 'even'])
  t.same(await groupsOf(app, billing, '/any'), ['billing'])
  t.equal(asked, 1)
})

test('groups that take a value from the request are those of this request', async (t) => {
  let now = Date.parse('2026-12-31')
  const { app } = await guardedApp({
    groups: { own: { cn: { param: 'name' } }, soon: { cn: 'b', validUntil: '2027-01-01' } }
  }, {}, { now: () => now })
  t.teardown(async () => { await app.close() })
  app.get('/:name', { config: { allowedClients: 'authenticated' } }, async ({ peerGroups }) => peerGroups)
  t.same(await groupsOf(app, billing, '/b'), ['own', 'soon'])
  t.same(await groupsOf(app, billing, '/c'), ['soon'])
  now = Date.parse('2027-01-01')
  t.same(await groupsOf(app, billing, '/b'), ['own'])
})

test('a reload changes the groups, and a temporary one ends', async (t) => {
  let now = Date.parse('2026-12-31')
  const file = join(await mkdtemp(join(tmpdir(), 'peerkit-groups-')), 'rules.yaml')
  await writeFile(file, 'groups: { a: { ou: billing }, b: { cn: b, validUntil: 2027-01-01 } }')
  const { app } = await guardedApp({ file, watch: false, defaultRules: 'authenticated' }, {}, { now: () => now })
  t.teardown(async () => { await app.close() })
  app.get('/', async ({ peerGroups }) => peerGroups)
  t.same(await groupsOf(app, billing), ['a', 'b'])
  now = Date.parse('2027-01-01')
  t.same(await groupsOf(app, billing), ['a'])
  await writeFile(file, 'groups: { c: { ou: billing } }')
  await app.mtls.reload()
  t.same(await groupsOf(app, billing), ['c'])
})
