import { channel } from 'node:diagnostics_channel'
import { EMITTER } from '@peerkit/events'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import { drawNarrow, drawWide } from '../src/page/graph/draw-graph.ts'
import { limitNodes, shorten, thicknessOf } from '../src/page/graph/graph.ts'
import type { GraphNode } from '../src/page/graph/graph.ts'
import { plainText } from './support/plain-text.ts'
import { strangeMarkup } from './support/strange-markup.ts'
import { createWorld } from './support/world.ts'
import type { World } from './support/world.ts'

const node = (name: string): GraphNode => ({ name, note: '1 allowed', tone: 'good', href: undefined, weight: 1 })

function identified ({ app }: World, peer: object): void {
  channel('peerkit:connection:identified').publish({ v: 1, time: Date.now(), [EMITTER]: () => app.server, peer, remoteAddress: undefined, resumed: false })
}

/** The nodes of a drawing, as text. */
function nodesOf (page: string): string[] {
  const [svg = ''] = /<svg class="graph wide-graph"[\s\S]*?<\/svg>/.exec(page) ?? []
  return [...svg.matchAll(/<(a|g) class="node ([a-z]+)"[\s\S]*?<\/\1>/g)].map(([whole, , tone]) => `${tone}: ${plainText(whole.replace(/<title>.*<\/title>/, ''))}`)
}

test('says who calls, whom the service calls, and how that went', async (t) => {
  const world = await createWorld(t, { console: { outbound: [{ name: 'mail', origin: 'https://mail.internal' }] } })
  const { as, issue, get, data, app } = world
  const billing = await issue({ cn: 'billing', ou: 'billing' })
  await as(billing, '/accounts')
  await as(await issue({ cn: 'all good', ou: 'billing' }), '/accounts')
  await as(billing, { method: 'DELETE', url: '/accounts/1' })
  await as(billing, '/tried')
  await as(await issue({ cn: 'nobody' }), '/accounts')
  identified(world, await issue({ cn: 'silent' }))
  channel('peerkit:handshake:refused').publish({ v: 1, time: Date.now(), [EMITTER]: () => app.server, reason: 'unknown_ca', peer: undefined, resumed: false })
  for (const [origin, name] of [['https://a.internal', 'identified'], ['https://b.internal', 'refused'], ['https://c.internal', 'identified'], ['https://c.internal', 'refused']]) {
    channel(`peerkit:outbound:${name}`).publish({ v: 1, time: Date.now(), [EMITTER]: () => app.server, origin, server: billing, code: 'X', message: 'm' })
  }
  const page = await get('/calls')
  // Two clients with as many requests are in the order of their last call, which may be the same millisecond.
  t.strictSame(nodesOf(page).sort(), [
    'service: accounts this service',
    'warn: billing 1 allowed, 1 denied, 1 would be denied',
    'bad: nobody 0 allowed, 1 denied',
    'good: all good 1 allowed, 0 denied',
    'none: silent 0 allowed, 0 denied',
    'bad: 1 refused in the handshake who it was is not known',
    'none: mail not called yet',
    'good: https://a.internal 1 connection',
    'bad: https://b.internal 0 connections, 1 failed',
    'warn: https://c.internal 1 connection, 1 failed'
  ].sort())
  t.match(nodesOf(page), [/^service/, /^warn: billing/])
  t.strictSame(strangeMarkup(page), [])
  t.match(page, `<a class="node warn" href="/console/clients?client=${billing.fingerprint256}">`)
  t.match(await data(), { calls: { refusedHandshakes: 1, callers: [{ name: 'billing', allowed: 1, denied: 1, wouldDeny: 1, certificates: 1 }] } })
  t.match(await (await createWorld(t)).get('/calls'), 'No calls since the start.')
})

test('certificates of one name and one CA are one client, those of another CA are another', async (t) => {
  const world = await createWorld(t)
  const { ca, credentials, as, issue, data, get } = world
  const other = await createDevCa({ name: 'Other CA' })
  credentials.update({ ca: [ca.root, other.root] })
  for (let count = 0; count < 2; count++) await as(await issue({ cn: 'twin', ou: 'billing' }), '/accounts')
  await as(parsePeerIdentity((await other.issue({ profile: 'client', cn: 'twin', ou: 'billing' })).der), '/accounts')
  t.match((await data()).calls.callers, [{ name: 'twin', certificates: 2, allowed: 2 }, { name: 'twin', certificates: 1, allowed: 1 }])
  credentials.update({ ca: ca.root })
  t.match(nodesOf(await get('/calls')), [/^service/, 'good: twin 2 allowed, 0 denied', 'bad: twin its CA was removed'])
  t.match(plainText(await get('/calls')), /twin 2 certificates .*twin CA removed/)
})

test('a name leaves out the trust domain of the service, and no other', async (t) => {
  const world = await createWorld(t, { console: { name: 'spiffe://demo/ns/accounts' } })
  for (const spiffeId of ['spiffe://demo/ns/billing', 'spiffe://demo2/ns/billing']) identified(world, createPartialIdentity({ subject: 'CN=x', spiffeId }))
  t.match(nodesOf(await world.get('/calls')).sort(), ['none: ns/billing 0', 'none: spiffe://demo2/ns/billing 0', 'service: ns/accounts this'])
})

test('a drawing is bounded, whatever is called', async (t) => {
  const many = Array.from({ length: 50 }, (_, index) => node(`client ${index}`))
  const few = limitNodes(many, 'clients')
  t.equal(few.length, 12)
  t.match(few.at(-1), { name: '39 more clients', weight: 39 })
  t.equal(limitNodes(many.slice(0, 12), 'clients').length, 12)
  for (const draw of [drawWide, drawNarrow]) {
    const svg = String(draw({ service: 'x'.repeat(500), callers: [{ ...node('<script>'.repeat(50)), href: '/console/"' }], servers: few }))
    t.notMatch(svg, '<script>')
    t.match(svg, 'href="/console/&quot;"')
    t.strictSame(strangeMarkup(svg), [])
    t.match(svg, 'x…x')
  }
  t.strictSame([0, 1, 9, 10, 100, 1000, 1e9].map(thicknessOf), [1, 1, 1, 2, 3, 4, 4])
  t.strictSame([shorten('abcdef', 6), shorten('abcdefg', 5), shorten('😀😀😀😀', 3)], ['abcdef', 'ab…fg', '😀…😀'])
  const world = await createWorld(t, { console: { maxClients: 150 } })
  for (let index = 0; index < 120; index++) identified(world, createPartialIdentity({ subject: `CN=client ${index}` }))
  t.match(await world.get('/calls'), '20 more clients are in the CSV file.')
  t.match(await world.get('/calls'), '109 more clients')
})
