import { channel } from 'node:diagnostics_channel'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { limitPeerIdentity } from '@peerkit/identity'
import { strangeMarkup } from './support/strange-markup.ts'
import { createWorld, form } from './support/world.ts'

const SCRIPT = '<script>alert(1)</script>'
const IMAGE = '"><img src=x onerror=alert(1)>'
const PAGES = ['/', '/access', '/access?q=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E', '/clients', '/log', '/log?q=%3Cscript%3Ealert(1)%3C/script%3E&from=%22%3E%3Cscript%3E', '/trust', '/timeline', '/expiry', '/forecast', '/calls', '/nowhere/%3Cscript%3E', '/what-if?q=%3Cscript%3E']

test('a certificate with markup in its names is shown as text on every page', async (t) => {
  const { issue, as, get } = await createWorld(t)
  const hostile = { cn: SCRIPT, ou: IMAGE, o: `${SCRIPT}'"`, uri: `spiffe://x/${encodeURIComponent('"')}`, dns: 'a.example', checkNames: false }
  const peer = await issue(hostile)
  const named = await issue({ cn: IMAGE, uri: 'https://x.example/?a=<script>alert(1)</script>', email: 'x@y.example', checkNames: false })
  const detail = { step: SCRIPT, message: IMAGE, why: SCRIPT, certificate: { subject: IMAGE, serialNumber: SCRIPT, fingerprint256: IMAGE } }
  for (const one of [peer, named]) {
    await as(one, '/accounts')
    await as(one, `/${encodeURIComponent(SCRIPT)}/<svg/onload=alert(1)>`)
    await as(one, '/tried')
    channel('peerkit:connection:identified').publish({ v: 1, time: Date.now(), peer: one, remoteAddress: SCRIPT, resumed: false })
    channel('peerkit:handshake:refused').publish({ v: 1, time: Date.now(), reason: SCRIPT, code: IMAGE, detail, peer: one, remoteAddress: IMAGE, protocol: SCRIPT, resumed: true })
    channel('peerkit:connection:ended').publish({ v: 1, time: Date.now(), reason: SCRIPT, detail, peer: one, remoteAddress: IMAGE })
    channel('peerkit:handshake:chain-unavailable').publish({ v: 1, time: Date.now(), message: SCRIPT, node: IMAGE })
    channel('peerkit:outbound:identified').publish({ v: 1, time: Date.now(), origin: `https://${SCRIPT}`, server: one })
    channel('peerkit:outbound:refused').publish({ v: 1, time: Date.now(), origin: `https://${SCRIPT}`, code: SCRIPT, reason: IMAGE, message: IMAGE })
    channel('peerkit:forwarded:refused').publish({ v: 1, time: Date.now(), reason: SCRIPT, header: IMAGE, peer: one, remoteAddress: SCRIPT })
    channel('peerkit:credentials:warned').publish({ v: 1, time: Date.now(), message: SCRIPT, generation: 1 })
    channel('peerkit:revocation:failed').publish({ v: 1, time: Date.now(), source: SCRIPT, code: IMAGE, reason: SCRIPT, message: IMAGE, url: SCRIPT })
    channel('peerkit:rules:refused').publish({ v: 1, time: Date.now(), file: IMAGE, generation: 1, error: new Error(SCRIPT) })
  }
  for (const page of [...PAGES, `/clients?client=${peer.fingerprint256}`, `/access?client=${peer.fingerprint256}`]) t.strictSame(strangeMarkup(await get(page)), [], page)
  t.match(await get('/clients'), '&lt;script&gt;alert(1)&lt;/script&gt;', 'and is shown')
  t.match(await get('/log'), '&lt;img src=x onerror=alert(1)')
})

test('markup in what an authority vouches for, and in claims that are not believed, is shown as text', async (t) => {
  const { ca, credentials, issue, as, get } = await createWorld(t)
  const names = { subject: { o: SCRIPT, ou: [IMAGE, 'x'] }, uri: 'https://x.example', spiffe: 'spiffe://x' } as const
  const authorities = { a: { ca: ca.root, names: 'any' }, b: { ca: (await createDevCa({ name: SCRIPT })).root, names } } as const
  credentials.update({ ca: undefined, authorities })
  const hostile = await issue({ cn: SCRIPT, ou: IMAGE, dns: 'a.example', email: 'x@y.example' })
  const peer = limitPeerIdentity(hostile, 'b', ['subject', 'dns', 'email'])
  await as(peer, '/accounts')
  const pages = [...PAGES, `/clients?client=${peer.fingerprint256}`]
  for (const page of pages) t.strictSame(strangeMarkup(await get(page)), [], page)
  t.match(await get('/trust'), 'subjects with O=&lt;script&gt;alert(1)&lt;/script&gt;')
  t.match(await get('/clients'), 'claims subject <span class="dn"><span\n    class="rdn"><span class="kind">CN=</span>&lt;script&gt;alert(1)&lt;/script&gt;</span>')
})

test('the check of the markup finds what it is for', async (t) => {
  for (const markup of ['<script>alert(1)</script>', '<img src=x>', '<p onclick="x()">', '<a href="javascript:x()">', '<a href="//evil.example/">', '<script src="https://evil.example/x.js">', '<svg/onload=x()>', '<p style="x">']) t.not(strangeMarkup(markup).length, 0, markup)
})

test('a pasted certificate with markup in its names, and what was refused of it, are text', async (t) => {
  const { ca, ask } = await createWorld(t)
  const { cert } = await ca.issue({ profile: 'client', cn: SCRIPT, ou: IMAGE, uri: 'https://x.example/<img src=x onerror=alert(1)>', checkNames: false })
  for (const certificate of [cert, SCRIPT, `-----BEGIN CERTIFICATE-----\n${SCRIPT}\n-----END CERTIFICATE-----`]) {
    const { headers, ...body } = form({ certificate, q: IMAGE })
    const answer = await ask({ method: 'POST', url: '/console/what-if', ...body, headers: { ...headers, accept: 'text/html' } })
    t.strictSame(strangeMarkup(answer.body), [])
  }
})

test('a name that hides or turns characters is shown with all of them to be seen', async (t) => {
  const { issue, as, get } = await createWorld(t)
  const peer = await issue({ cn: 'admin\u202egnp.exe\u200b\u2066\u00ad' })
  await as(peer, '/accounts')
  const page = await get('/clients')
  t.match(page, 'admin⟨U+202E⟩gnp.exe⟨U+200B⟩⟨U+2066⟩⟨U+00AD⟩')
  t.notMatch(page, /[\u202a-\u202e\u2066-\u2069\u200b]/)
})

test('texts of any length are kept and shown in part', async (t) => {
  const { issue, as, get, data } = await createWorld(t)
  const long = 'x'.repeat(1500)
  const peer = await issue({ cn: 'long', ou: long.slice(0, 60), uri: Array.from({ length: 60 }, (_, index) => `https://x.example/${index}/${long}`) })
  await as(peer, '/accounts')
  const { events, clients } = await data()
  t.ok(JSON.stringify(events).length < 6000, `${JSON.stringify(events).length}`)
  t.equal(clients[0].certificate.names.length, 21)
  t.ok((await get(`/clients?client=${peer.fingerprint256}`)).length < 60_000)
})
