import { X509Certificate } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { rootCertificates } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { CaOptions } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { KnownIdentity, PeerIdentity } from '@peerkit/identity'
import { readPublicRoots } from '@peerkit/trust/forecast'
import { Forecaster } from '../src/forecast/forecaster.ts'
import { digicert, inOrder, NOW, roots, rowsOf, some, someRoot, years } from './support/public-world.ts'
import { strangeMarkup } from './support/strange-markup.ts'
import { createWorld } from './support/world.ts'

const look = { roots, console: { now: () => NOW } }
const DIGICERT: CaOptions = { ...years, subject: [{ type: 'O', value: 'DigiCert Inc' }] }

function identified (known: KnownIdentity): void {
  const peer = createPartialIdentity(known)
  const message = { v: 1, time: NOW, peer, remoteAddress: undefined, resumed: false }
  channel('peerkit:connection:identified').publish(message)
}

test('an intermediate that is for servers alone is named, and a certificate that ended', async (t) => {
  const serverOnly = { oid: '2.5.29.37', value: Buffer.from('300a06082b06010505070301', 'hex') }
  const narrow = await someRoot.intermediate({ name: 'Narrow', ...years, extensions: [serverOnly] })
  const { credentials, issue, as, get, data } = await createWorld(t, look)
  credentials.update({ intermediates: narrow.certificate })
  const below = parsePeerIdentity((await narrow.issue({ cn: 'below', ...years })).der)
  const past = { ...years, notAfter: new Date('2029-06-01') }
  const old = parsePeerIdentity((await digicert.issue({ cn: 'old', ...past })).der)
  for (const peer of [below, old, await issue({ cn: 'ours' })]) await as(peer, '/accounts')
  const { clients } = (await data()).forecast
  t.match(clients, { lookedAt: 3 })
  t.match(clients.entries, [
    { name: 'below', state: 'lacks', evidence: 'signature', lackedBy: /^CN=Narrow/, needsAction: true },
    { name: 'old', state: 'ended', needsAction: true, loses: undefined }
  ])
  const [belowRow, oldRow] = rowsOf(await get('/forecast'), 'forecast-clients')
  t.match(belowRow, inOrder('below', 'no CN=Narrow', ' does not allow it expires 2035-01-01'))
  t.match(oldRow, inOrder('old', 'yes expires 2029-06-01 ', ' expired expired 2029-06-01 183 days ago '))
})

test('of a client of whom a gateway tells little, the issuer\'s name counts', async (t) => {
  const { get, data } = await createWorld(t, look)
  const issuer = 'CN=GeoTrust,O=DigiCert Inc'
  identified({ subject: 'CN=little', issuer })
  identified({ subject: 'CN=more', issuer, extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] })
  identified({ subject: 'CN=nothing' })
  const { clients } = (await data()).forecast
  t.equal(clients.lookedAt, 3)
  t.match(clients.entries, [
    { name: 'more', state: 'lacks', clientAuth: false, evidence: 'issuer_name', operator: 'DigiCert' },
    { name: 'little', state: 'loses', clientAuth: undefined, evidence: 'issuer_name', needsAction: true }
  ])
  const [, little] = rowsOf(await get('/forecast'), 'forecast-clients')
  t.match(little, inOrder('little ', ' unknown with the next renewal, since 2027-03-01 ', ' due '))
})

test('refused clients are told once, and only those of public CAs that lack clientAuth', async (t) => {
  const { data, as } = await createWorld(t, look)
  const refuse = (reason: string, peer: PeerIdentity | undefined): void => {
    const connection = { remoteAddress: '192.0.2.7', protocol: 'TLSv1.3', resumed: false }
    const message = { v: 1, time: NOW, reason, code: undefined, detail: undefined, peer, ...connection }
    channel('peerkit:handshake:refused').publish(message)
  }
  const lost = parsePeerIdentity((await some.issue({ cn: 'lost', profile: 'server', ...years })).der)
  const known = parsePeerIdentity((await some.issue({ cn: 'known', profile: 'server', ...years })).der)
  const other = await createDevCa({ name: 'Other' })
  const inner = parsePeerIdentity((await other.issue({ cn: 'inner', profile: 'server' })).der)
  const stranger = parsePeerIdentity((await some.issue({ cn: 'stranger', ...years })).der)
  const long = createPartialIdentity({ subject: 'CN=long', issuer: `O=${'x'.repeat(295)},CN=cut` })
  await as(known, '/accounts')
  for (const peer of [lost, lost, known, inner, long, undefined]) refuse('wrong_purpose', peer)
  refuse('unknown_ca', stranger)
  const { clients } = (await data()).forecast
  t.equal(clients.lookedAt, 4)
  t.same(clients.entries.map(({ what, text }: any) => [what, text]), [
    ['client', String(known)], ['refused client', String(lost)]
  ])
})

test('a page shows what can be read, and says what it leaves out', async (t) => {
  const cas = await Promise.all(Array.from({ length: 102 }, async () => await createDevCa(DIGICERT)))
  const settings = { names: { dns: ['partner.example'] }, for: 'clients' } as const
  const authorities = Object.fromEntries(cas.map(({ root }, index) => [`a${index}`, { ca: root, ...settings }]))
  const many = readPublicRoots(cas.map(({ der }) => der))
  const { get, credentials, ca } = await createWorld(t, { ...look, roots: many })
  credentials.update({ ca: undefined, authorities: { internal: { ca: ca.root, names: 'any' }, ...authorities } })
  for (let index = 0; index < 105; index++) identified({ subject: `CN=client ${index}`, issuer: 'O=DigiCert Inc' })
  const page = await get('/forecast')
  t.equal(rowsOf(page, 'forecast-clients').length, 100)
  t.match(page, '5 more are in data.json.')
  t.equal(page.split('<section class="authority"').length - 1, 100)
  t.match(page, '2 more authorities are in data.json.')
  t.match(page, '1 other authority is not affected.')
})

test('authorities for servers need nothing, and names with markup are text', async (t) => {
  const markup = '"><img src=x onerror=alert(1)>'
  const name = [{ type: 'O', value: markup }, { type: 'CN', value: '<script>alert(1)</script>' }] as const
  const evil = await createDevCa({ ...years, subject: name })
  const { credentials, ca, as, get, data } = await createWorld(t, { ...look, roots: readPublicRoots([evil.der]) })
  const web = { ca: evil.root, names: 'any', for: 'servers' } as const
  credentials.update({ ca: undefined, authorities: { internal: { ca: ca.root, names: 'any' }, web } })
  await as(parsePeerIdentity((await evil.issue({ cn: markup, profile: 'server', ...years })).der), '/accounts')
  const [first] = (await data()).forecast.authorities
  t.equal(first.name, 'web')
  t.match(first.entries, [{ needsAction: false, advice: 'Nothing, if only a server uses it.' }])
  const page = await get('/forecast')
  t.strictSame(strangeMarkup(page), [])
  t.match(page, '&lt;img src=x onerror=alert(1)&gt;, a public CA')
})

test('by default the roots that Node comes with are public ones', async (t) => {
  const { credentials, ca, data } = await createWorld(t)
  const root = rootCertificates.find((pem) => new X509Certificate(pem).subject.includes('O=DigiCert Inc')) as string
  credentials.update({ ca: `${ca.root}${root}\n` })
  t.match((await data()).forecast.authorities[0].entries, [{ operator: 'DigiCert', evidence: 'signature' }])
})

test('where a certificate comes from is found once for each snapshot', async (t) => {
  const { credentials } = await createWorld(t)
  const leaf = parsePeerIdentity((await some.issue({ cn: 'shop', ...years })).der)
  let asked = 0
  const forecaster = new Forecaster(() => {
    asked++
    return roots
  })
  const before = credentials.current
  t.match(forecaster.forecast(leaf, before, NOW), { evidence: 'issuer_name', operator: 'Some Trust' })
  forecaster.forecast(leaf, before, NOW)
  t.equal(asked, 1)
  credentials.update({ intermediates: some.certificate })
  t.match(forecaster.forecast(leaf, credentials.current, NOW), { evidence: 'signature', operator: 'Some Trust' })
  t.equal(asked, 2)
})
