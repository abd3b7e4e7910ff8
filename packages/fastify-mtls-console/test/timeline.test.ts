import { channel } from 'node:diagnostics_channel'
import { EMITTER } from '@peerkit/events'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { crlChecker } from '@peerkit/revocation'
import { call } from './support/call.ts'
import { plainText } from './support/plain-text.ts'
import { strangeMarkup } from './support/strange-markup.ts'
import { createWorld } from './support/world.ts'
import type { World } from './support/world.ts'

const HOUR = 3_600_000

/** Publishes a message of the app of a world. */
function publish ({ app }: World, name: string, message: object): void {
  channel(`peerkit:${name}`).publish({ v: 1, time: Date.now(), [EMITTER]: () => app.server, ...message })
}

async function changes ({ data }: World): Promise<any[]> { return (await data()).timeline }

test('rotations are changes of the own certificate and of trusted CAs, each with what came and went', async (t) => {
  const world = await createWorld(t)
  const { ca, credentials, get } = world
  const next = await ca.issue({ cn: 'accounts', dns: 'localhost' })
  const serialBefore = (await world.data()).trust.identity.serialNumber
  credentials.update({ cert: next.chain, key: next.key })
  credentials.update({ ca: [ca.root, (await createDevCa({ name: 'Added CA' })).root] })
  credentials.update({ ca: ca.root })
  t.throws(() => credentials.update({ cert: next.chain, key: 'no key' }))
  const found = await changes(world)
  t.match(found, [
    { kind: 'rotation', outcome: 'refused', message: String, came: [], went: [] },
    { outcome: 'changed', title: 'Credentials, generation 4, trust epoch 3', came: [], went: [/^trusted CA CN=Added CA/] },
    { outcome: 'changed', came: [/^trusted CA CN=Added CA/], went: [] },
    { outcome: 'changed', came: [`own certificate, serial number ${next.serialNumber}`], went: [`own certificate, serial number ${serialBefore}`] },
    { outcome: 'start', came: [`own certificate, serial number ${serialBefore}`], went: [] }
  ])
  const page = await get('/timeline')
  t.match(plainText(page), /− removed: trusted CA CN=Added CA, O=Peerkit development CA, not for production \(sha256:/, 'without escapes')
  t.notMatch(page, '\\,')
})

test('CRLs are compared with those before, and name the clients whose certificates they revoke', async (t) => {
  const world = await createWorld(t, { crl: true })
  const { app, ca, credentials, get } = world
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = await ca.issue({ profile: 'client', cn: 'intern', ou: 'billing' })
  t.equal(await call(app.listeningOrigin, ca.root, client, '/accounts'), 200)
  ca.revoke(client)
  credentials.update({ crl: (await ca.crl()).pem })
  const [, crl] = (await changes(world)).sort((a, b) => Number(a.kind === 'crl') - Number(b.kind === 'crl')).slice(-2)
  t.match(crl, {
    kind: 'crl',
    outcome: 'changed',
    came: [/^CRL 2 of CN=Test CA.*: 1 entry, next update 20/],
    went: [/^CRL 1 of CN=Test CA.*: 0 entries, next update 20/],
    notes: ['1 more entry', 'revokes the certificate of a client that was seen: intern']
  })
  t.match(plainText(await get('/timeline?change=crl')), /CRL in force CRLs replaced − removed: CRL 1 of CN=Test CA, O=/)
  t.notMatch(plainText(await get('/timeline?change=crl')), 'rotation in force')
  ca.revoke('01')
  credentials.update({ crl: (await ca.crl()).pem })
  const last = (await changes(world)).find(({ kind }) => kind === 'crl')
  t.strictSame(last.notes, ['1 more entry'], 'a client is revoked once')
})

test('the lists of a checker are compared when it has new ones', async (t) => {
  const ca = await createDevCa({ name: 'Listed CA' })
  const issuers = [parsePeerIdentity(ca.der)]
  const [one, two] = [await ca.crl({ nextUpdate: new Date(Date.now() + HOUR) }), await ca.crl({ nextUpdate: new Date(Date.now() + 2 * HOUR) })]
  const checker = crlChecker({ crls: [one.der], issuers, policy: 'soft' })
  t.after(() => checker.close())
  const world = await createWorld(t, { console: { revocation: checker } })
  checker.replace([two.der])
  publish(world, 'revocation:refreshed', { source: 'ocsp' })
  t.strictSame((await changes(world)).filter(({ kind }) => kind === 'crl'), [], 'an answer about one certificate is no list')
  publish(world, 'revocation:refreshed', { source: 'crl' })
  publish(world, 'revocation:refreshed', { source: 'crl' })
  t.match((await changes(world)).filter(({ kind }) => kind === 'crl'), [{ came: [/^CRL 2 of/], went: [/^CRL 1 of/], notes: [] }])
  checker.replace([])
  publish(world, 'revocation:refreshed', { source: 'crl' })
  t.match((await changes(world)).find(({ kind }) => kind === 'crl'), { came: [], went: [/^CRL 2 of/] })
  for (let count = 0; count < 2; count++) publish(world, 'revocation:failed', { source: 'crl', url: 'http://crl.example/a', message: 'no answer' })
  publish(world, 'revocation:failed', { source: 'ocsp', message: 'no answer' })
  publish(world, 'revocation:failed', { source: 'crl', message: 'no answer' })
  t.match(await changes(world), [{ title: 'CRL', count: 1 }, { title: 'CRL of http://crl.example/a', outcome: 'refused', count: 2, message: 'no answer' }].slice(0, 2))
})

test('rules are compared by what the event says, in bounded texts', async (t) => {
  const world = await createWorld(t)
  const rules = Array.from({ length: 30 }, (_, index) => `groups.a[${index}]: {"ou":"${'x'.repeat(400)}"}`)
  publish(world, 'rules:reloaded', { file: '/etc/rules.yaml', generation: 2, added: rules, removed: ['groups.b[0]: {"cn":"<b>"}'], addedCount: 60, removedCount: 1 })
  publish(world, 'rules:refused', { file: '/etc/rules.yaml', generation: 2, error: new Error('line 3') })
  publish(world, 'rules:reloaded', { file: 'rules.json', generation: 3 })
  const [bare, refused, changed] = (await changes(world)).filter(({ kind }) => kind === 'rules')
  t.match(bare, { title: 'Rules file rules.json, generation 3', came: [], went: [], more: 0 })
  t.match(refused, { title: 'Rules file rules.yaml', outcome: 'refused', message: 'line 3' })
  t.match(changed, { title: 'Rules file rules.yaml, generation 2', went: ['groups.b[0]: {"cn":"<b>"}'], more: 40 })
  t.equal(changed.came.length, 20)
  t.ok(changed.came.every((line: string) => line.length <= 300))
  const page = await world.get('/timeline?change=rules')
  t.match(page, '&lt;b&gt;')
  t.match(page, 'and 40 more lines')
  t.strictSame(strangeMarkup(page), [])
})

test('only so many changes are kept, and a page shows a hundred', async (t) => {
  const world = await createWorld(t)
  for (let generation = 2; generation < 130; generation++) publish(world, 'rules:reloaded', { file: 'r.json', generation })
  const found = await changes(world)
  t.equal(found.filter(({ kind }) => kind === 'rules').length, 100)
  t.match(found.find(({ kind }) => kind === 'rules'), { title: /generation 129/ })
  t.match(await world.get('/timeline'), '1 older changes are in the CSV file.')
  t.match(await world.get('/timeline?change=crl'), 'No such change since the start.')
})

test('another app in the process changes nothing', async (t) => {
  const [world, other] = [await createWorld(t), await createWorld(t)]
  publish(other, 'rules:reloaded', { file: 'r.json', generation: 2 })
  publish(world, 'rules:refused', { file: 'r.json', generation: 2, error: undefined })
  t.strictSame((await changes(world)).map(({ kind }) => kind), ['rotation'], 'nor does a damaged message')
})
