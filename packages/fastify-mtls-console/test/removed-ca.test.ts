import { channel } from 'node:diagnostics_channel'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { call } from './support/call.ts'
import { plainText } from './support/plain-text.ts'
import { createWorld } from './support/world.ts'
import type { World } from './support/world.ts'

function refuse ({ app }: World, peer: PeerIdentity, reason = 'unknown_ca'): void {
  channel('peerkit:handshake:refused').publish({ v: 1, time: Date.now(), reason, code: undefined, detail: undefined, peer, fingerprint256: peer.fingerprint256, remoteAddress: '10.0.0.1', resumed: false, server: app.server })
}

async function removed (world: World): Promise<any> { return (await world.data('?kind=handshake')).events[0].removedCa }

test('tells of a client whose CA was removed, and of no other', async (t) => {
  const oldCa = await createDevCa({ name: 'Old CA' })
  const world = await createWorld(t)
  const { ca, credentials, get } = world
  credentials.update({ ca: [ca.root, oldCa.root] })
  const stranger = parsePeerIdentity((await (await createDevCa({ name: 'Some CA' })).issue({ cn: 'stranger' })).der)
  refuse(world, stranger)
  t.equal(await removed(world), undefined, 'nothing was removed yet')
  credentials.update({ ca: ca.root })
  refuse(world, parsePeerIdentity((await oldCa.issue({ cn: 'late' })).der))
  t.match(await removed(world), { name: 'Old CA', authority: 'default', removedAt: Number })
  t.match(plainText(await get('/log?kind=handshake')), /Its CA, Old CA, was removed at 20\d\d-[-\d]+ [:\d]+\. Give the client a certificate of a trusted CA/)
  t.match(await get('/log?kind=handshake&q=old+ca'), 'Old CA')
  refuse(world, parsePeerIdentity((await oldCa.issue({ cn: 'worn out' })).der), 'expired')
  t.equal(await removed(world), undefined, 'another reason')
  refuse(world, stranger)
  t.equal(await removed(world), undefined, 'another CA')
  const twin = await createDevCa({ name: 'Old CA' })
  refuse(world, parsePeerIdentity((await twin.issue({ cn: 'forged' })).der))
  t.equal(await removed(world), undefined, 'a CA of the same name with another key')
  refuse(world, createPartialIdentity({ subject: 'CN=partial', issuer: parsePeerIdentity(oldCa.der).subject!.toString() }))
  t.equal(await removed(world), undefined, 'a name alone is no proof')
  credentials.update({ ca: [ca.root, oldCa.root] })
  const { events } = await world.data('?kind=handshake&q=late')
  t.match(events[0].removedCa, { name: 'Old CA' }, 'what was said stays')
})

test('finds a removed root by the path of the client when it was accepted, and by a known intermediate', async (t) => {
  const oldCa = await createDevCa({ name: 'Old Root' })
  const between = await oldCa.intermediate({ name: 'Between' })
  const world = await createWorld(t)
  const { app, ca, credentials } = world
  credentials.update({ ca: [ca.root, oldCa.root] })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const below = await between.issue({ profile: 'client', cn: 'below', ou: 'billing' })
  t.equal(await call(app.listeningOrigin, ca.root, below, '/accounts'), 200)
  credentials.update({ ca: ca.root })
  t.type(await call(app.listeningOrigin, ca.root, below, '/accounts'), 'string')
  t.match(await removed(world), { name: 'Old Root' })
  const other = await between.issue({ profile: 'client', cn: 'not seen before', ou: 'billing' })
  t.type(await call(app.listeningOrigin, ca.root, other, '/accounts'), 'string')
  t.equal(await removed(world), undefined, 'the intermediate that the client sent is not known here')
  credentials.update({ ca: ca.root, intermediates: between.certificate })
  t.type(await call(app.listeningOrigin, ca.root, other, '/accounts'), 'string')
  t.match(await removed(world), { name: 'Old Root' })
})

test('a connection that ends with the removal says so, before the history knows', async (t) => {
  const world = await createWorld(t)
  const { data, issue, app } = world
  const chain = [parsePeerIdentity((await createDevCa({ name: 'Gone CA' })).der)]
  const peer = Object.create(await issue({ cn: 'open' }), { chain: { value: chain } }) as PeerIdentity
  const end = (reason: string): void => {
    channel('peerkit:connection:ended').publish({ v: 1, time: 5, reason, detail: undefined, peer, remoteAddress: '10.0.0.1', server: app.server })
  }
  end('ca_removed')
  t.match((await data('?kind=ended')).events, [{ removedCa: { name: 'Gone CA', removedAt: 5 }, chain: [/^CN=Gone CA/] }])
  end('revoked')
  t.match((await data('?kind=ended')).events.map(({ removedCa }: any) => removedCa === undefined), [true, false])
})
