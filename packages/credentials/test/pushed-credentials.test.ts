import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { createTrustEvaluator } from '@peerkit/trust'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { authoritiesOf, ruleAuthoritiesOf, secureContextOptions } from '../src/index.ts'
import type { AuthorityMaterial, CredentialChange, TrustChange } from '../src/index.ts'
import { startPushedCredentials, startPushedTrust } from '../src/internal.ts'
import type { PushedCredentials, PushedMaterial, PushedOptions } from '../src/internal.ts'
import { collect } from './support/world.ts'

const [own, partner] = [await createDevCa({ name: 'Own' }), await createDevCa({ name: 'Partner' })]

const authority = (domain: string, ca: DevCa | string): AuthorityMaterial =>
  ({ ca: typeof ca === 'string' ? ca : ca.root, names: { spiffe: `spiffe://${domain}` }, spiffeOnly: true, partial: true })

async function material (
  authorities: Readonly<Record<string, AuthorityMaterial | Error>> = {}, crls: readonly Uint8Array[] = []
): Promise<PushedMaterial> {
  const { chain, key } = await own.issue({ spiffe: 'spiffe://own/ledger' })
  return { cert: chain, key, own: 'own', authorities: new Map(Object.entries({ ...authorities, own: authorities['own'] ?? authority('own', own) })), crls }
}

async function start (t: Test, first: PushedMaterial, options: Partial<PushedOptions> = {}): Promise<{ source: PushedCredentials, changes: CredentialChange[], closed: () => number }> {
  let closings = 0
  const source = await startPushedCredentials(first, { origin: 'the X.509-SVID', onClose: () => { closings += 1 }, revocationPolicy: 'soft', ...options })
  t.teardown(async () => { await source.close() })
  const changes: CredentialChange[] = []
  source.subscribe((change) => { changes.push(change) })
  return { source, changes, closed: () => closings }
}

const told = (changes: CredentialChange[]): string[] =>
  changes.splice(0).map((change) => change.type === 'rotated' ? `rotated ${change.trustChanged ? 'trust' : 'own'}` : `${change.type} ${change.authority ?? 'all'}`)

test('what is pushed is in use, whatever the order of the authorities', async (t) => {
  const other = authority('other', await createDevCa({ name: 'Other' }))
  const { source, changes } = await start(t, await material({ partner: authority('partner', partner), other }))
  t.same(source.current.authorities.map(({ name }) => name), ['own', 'other', 'partner'])
  t.equal(await source.push(await material({ other, partner: authority('partner', partner) })), source.current)
  t.same(told(changes), ['rotated own'], 'the trust is the same')
  await source.push(await material({ partner: authority('partner', partner) }))
  t.same(told(changes), ['rotated trust'])
  t.same(source.current.authorities.map(({ name }) => name), ['own', 'partner'], 'who is missing is removed')
})

test('a partner cannot stop our rotation: its authority alone is refused', async (t) => {
  const { source, changes } = await start(t, await material({ partner: authority('partner', partner) }))
  const weak = await createDevCa({ name: 'Old', notAfter: new Date(Date.now() - 1_000) })
  for (const bad of [authority('partner', weak), authority('partner', 'garbage'), new Error('the bundle is malformed'), authority('partner', (await partner.issue({ cn: 'leaf' })).cert)]) {
    const { serialNumber } = source.current.identity
    await source.push(await material({ partner: bad }))
    t.not(source.current.identity.serialNumber, serialNumber, 'our own certificate is renewed')
    t.same(told(changes), ['rotated own', 'refused partner'], 'and the partner keeps its CA')
    await source.push(await material({ partner: bad }))
    t.same(told(changes), ['rotated own'], 'one cause is told once')
    t.equal(source.current.authorities[1]?.anchors[0]?.subject?.commonName, 'Partner')
  }
  await source.push(await material({ partner: authority('partner', partner), fresh: authority('fresh', weak) }))
  t.same(told(changes), ['rotated own', 'refused fresh', 'recovered partner'])
  t.same(source.current.authorities.map(({ name }) => name), ['own', 'partner'], 'a new one that is refused is left out')
})

test('our own part is refused with everything else', async (t) => {
  const expired = await createDevCa({ name: 'Own', notAfter: new Date(Date.now() - 1_000) })
  const other = await own.issue({ spiffe: 'spiffe://own/ledger' })
  await t.rejects(startPushedCredentials(await material({ own: authority('own', expired) }), { origin: 'the X.509-SVID', onClose: () => {} }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'no_anchor' })
  const { source, changes } = await start(t, await material({ partner: authority('partner', partner) }))
  const before = source.current
  await t.rejects(source.push({ ...await material(), key: other.key }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /the key of the X\.509-SVID: the key does not belong/ })
  await t.rejects(source.push({ ...await material(), key: other.key }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED' })
  t.same(told(changes), ['refused all'])
  await t.rejects(source.push(await material({ own: authority('own', expired) })), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /own\.ca: found 1 CA certificates, none of them valid now/ })
  t.same(told(changes), ['refused all'])
  t.equal(source.current, before)
  source.fail(new Error('the agent is away'), 'away')
  source.fail(new Error('the agent is still away'), 'away')
  t.same(told(changes), ['refused all'])
  await source.push({ cert: before.cert, key: before.key, own: 'own', authorities: new Map([['partner', authority('partner', partner)], ['own', authority('own', own)]]), crls: [] })
  t.same(told(changes), ['recovered all'])
  t.equal(source.current, before, 'the same material changes nothing')
})

test('each CRL goes to the authority of its issuer', async (t) => {
  const warned = collect(t, 'warned')
  const intruder = await partner.issue({ spiffe: 'spiffe://partner/intruder' })
  const guest = await partner.issue({ spiffe: 'spiffe://partner/guest' })
  const authorities = { partner: authority('partner', partner) }
  partner.revoke(intruder)
  const lists = [(await own.crl()).der, (await partner.crl()).der]
  const { source, changes } = await start(t, await material(authorities, lists))
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients'), version: () => source.current.trustEpoch })
  t.match(await trust.evaluate(intruder.der), { accepted: false, reason: 'revoked' })
  t.match(await trust.evaluate(guest.der), { accepted: true, authority: 'partner' })
  t.same(source.current.authorities.map(({ revocation }) => (revocation as { lists?: unknown[] } | undefined)?.lists?.length), [1, 1])
  const stranger = await createDevCa({ name: 'Stranger' })
  partner.revoke(guest)
  const more = [lists[0], (await partner.crl()).der, (await stranger.crl()).der, Buffer.from('garbage')] as Uint8Array[]
  await source.push(await material(authorities, more))
  await source.push(await material(authorities, more))
  t.match(await trust.evaluate(guest.der), { accepted: false, reason: 'revoked' })
  t.same(warned.map(({ message }) => message.replace(/(cannot be read|Stranger).*/, '$1')).sort(), ['ignored a CRL that cannot be read', 'ignored the CRL of CN=Stranger'], 'once each')
  told(changes)
  await source.push(await material(authorities, [more[0], lists[1]] as Uint8Array[]))
  t.same(told(changes), ['rotated own', 'refused partner'], 'an older list would undo a revocation')
  await source.push(await material(authorities, more.slice(0, 1)))
  t.same(told(changes), ['rotated own', 'refused partner'], 'so would none')
  t.match(await trust.evaluate(guest.der), { accepted: false, reason: 'revoked' })
})

test('one root in two trust domains: each accepts its own', async (t) => {
  const { source } = await start(t, await material({ partner: authority('partner', own) }))
  const { current } = source
  t.same(current.warnings, [])
  t.equal(current.anchors.length, 1)
  t.equal(current.ca.length, 1)
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(current, 'clients'), version: () => 1 })
  t.match(await trust.evaluate((await own.issue({ spiffe: 'spiffe://partner/x' })).der), { accepted: true, authority: 'partner' })
  t.match(await trust.evaluate((await own.issue({ spiffe: 'spiffe://own/x' })).der), { accepted: true, authority: 'own' })
  t.match(await trust.evaluate((await own.issue({ cn: 'x' })).der), { accepted: false, reason: 'outside_authority' })
  const mixed = await start(t, await material({ own: { ...authority('own', own), spiffeOnly: false }, partner: authority('partner', own) }))
  t.same(mixed.source.current.authorities.map(({ name }) => name), ['own'], 'one that accepts more than SVIDs shares nothing')
})

test('a CA that starts later is taken then, and close() ends all', async (t) => {
  const clock = new ManualClock()
  const next = await createDevCa({ name: 'Next', notBefore: new Date(clock.now() + 60_000), notAfter: new Date(clock.now() + 120_000_000) })
  const { source, changes, closed } = await start(t, await material({ own: { ...authority('own', own), ca: [own.root, next.root] } }), { clock })
  t.equal(source.current.anchors.length, 1)
  const rotated = new Promise((resolve) => { source.subscribe(resolve) })
  clock.advance(61_000)
  await rotated
  t.equal(source.current.anchors.length, 2)
  t.same(told(changes), ['rotated trust'])
  await source.close()
  t.equal(closed(), 1)
  t.equal(clock.waiting, 0)
  await t.rejects(source.push(await material()), { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })
})

test('a certificate that is withdrawn: not presented, until there is new material', async (t) => {
  const clock = new ManualClock()
  const later = await createDevCa({ name: 'Later', notBefore: new Date(clock.now() + 60_000) })
  const first = await material({ own: { ...authority('own', own), ca: [own.root, later.root] } })
  const { source, changes } = await start(t, first, { clock })
  const before = source.current
  const published: unknown[] = []
  const listen = (message: unknown): void => { published.push(message) }
  subscribe('peerkit:credentials:rotated', listen)
  source.withdraw()
  source.withdraw()
  unsubscribe('peerkit:credentials:rotated', listen)
  t.match(published, [{ generation: 2, trustChanged: false, withdrawn: true }])
  t.same(told(changes), ['rotated own'], 'once')
  t.match(source.current, { withdrawn: true, generation: 2, trustEpoch: 1, notAfter: clock.now(), cert: before.cert, authorities: [{ name: 'own' }] })
  t.match(secureContextOptions(source.current), { cert: '', key: '', ca: before.ca })
  t.match(JSON.parse(JSON.stringify(source.current)), { withdrawn: true })
  t.match(inspect(source.current), /withdrawn: true/)
  await t.rejects(source.push({ ...first, key: 'garbage' }))
  t.ok(source.current.withdrawn, 'not by material that is refused')
  clock.advance(60_001)
  t.ok(source.current.withdrawn, 'and not by a CA that starts')
  await source.push(first)
  t.match(source.current, { withdrawn: false, notAfter: before.notAfter, anchors: { length: 2 } }, 'by the same material')
  await source.close()
  source.withdraw()
  t.notOk(source.current.withdrawn, 'a source that is closed changes nothing')
})

test('a certificate that is withdrawn while it is checked stays withdrawn', async (t) => {
  const { source } = await start(t, await material())
  const shown: boolean[] = []
  source.subscribe(() => { shown.push(source.current.withdrawn === true) })
  const pushing = source.push(await material())
  source.withdraw()
  await pushing
  t.same([...new Set(shown)], [true], 'nobody saw it in between')
  await source.push(await material())
  t.equal(source.current.withdrawn, false, 'material that came later ends that')
})

test('what is pushed while former material is checked again counts more', async (t) => {
  const clock = new ManualClock()
  const { source } = await start(t, await material(), { clock })
  const short = await own.issue({ spiffe: 'spiffe://own/short', notBefore: new Date(clock.now() + 60_000), notAfter: new Date(clock.now() + 90_000) })
  await t.rejects(source.push({ ...await material(), cert: short.chain, key: short.key }), { startsAt: Number } as never)
  const last = await material()
  clock.advance(120_000)
  await source.push(last)
  await source.push({ ...last, cert: undefined, key: undefined })
  t.equal(source.current.cert, last.cert)
})

test('tells whether new material can be had, and the state of each bundle', async (t) => {
  const clock = new ManualClock()
  const authorities = { partner: authority('partner', partner) }
  const from = { kind: 'workload api', origin: 'unix:/agent.sock' }
  const { source } = await start(t, await material(authorities), { clock, from, mayAdd: (name) => name !== 'evil' })
  const begin = clock.now()
  const bundle = (name: string): object | undefined => {
    return source.status().bundles.find(({ authority }) => authority === name)
  }
  t.match(source.status(), { ...from, state: 'live', since: begin, problem: undefined })
  const good = { origin: 'workload api', sequence: undefined, nextRefresh: undefined, problem: undefined }
  t.same(source.status().bundles, ['partner', 'own'].map((authority) => ({ authority, ...good, refreshedAt: begin })))
  clock.advance(5_000)
  t.match(bundle('own'), { refreshedAt: begin + 5_000 }, 'a change would have been pushed')
  source.fail(new Error('the agent is away'), 'away')
  clock.advance(5_000)
  source.fail(new Error('the agent denies'), 'denied')
  t.match(source.status(), { state: 'failing', since: begin + 5_000, problem: 'the agent denies' })
  t.match(bundle('partner'), { refreshedAt: begin + 5_000, problem: undefined }, 'its age grows')
  await source.push(await material({ ...authorities, partner: new Error('malformed'), fresh: new Error('garbage') }))
  t.match(source.status(), { state: 'live', since: begin + 10_000, problem: undefined }, 'a partner is not the source')
  clock.advance(1_000)
  t.match(bundle('partner'), { refreshedAt: begin + 10_000, problem: 'malformed' })
  t.match(bundle('fresh'), { refreshedAt: undefined, problem: 'garbage' }, 'it was never there')
  t.match(bundle('own'), { refreshedAt: begin + 11_000 })
  await source.push(await material(authorities))
  t.match(source.status(), { state: 'live', since: begin + 10_000 })
  t.equal(bundle('fresh'), undefined)
  t.equal(source.mayAdd?.('evil'), false)
  await source.close()
  t.match(source.status(), { state: 'closed', since: begin + 11_000, problem: undefined })
})

test('rules are told which trust domains may be added', async (t) => {
  const { source } = await start(t, await material(), { mayAdd: (name) => name !== 'evil' })
  const awaited = ruleAuthoritiesOf(source.current, 'clients', source).find(({ awaits }) => awaits !== undefined)
  t.same([awaited?.awaits?.('partner'), awaited?.awaits?.('evil')], [true, false])
  const claims = (value: string): boolean | undefined => awaited?.mayClaim('spiffe', value)
  t.same([claims('spiffe://partner'), claims('spiffe://partner/a/*'), claims('spiffe://evil/a')], [true, true, false])
  t.same([awaited?.vouchesFor('spiffe'), awaited?.vouchesFor('subject')], [true, false])
  t.equal(ruleAuthoritiesOf(source.current, 'clients').length, 1)
  const closed = await start(t, await material())
  t.equal(ruleAuthoritiesOf(closed.source.current, 'clients', closed.source).length, 1)
})

test('a trust without a key: authorities come and go, and the last one may', async (t) => {
  const of = (...names: string[]): PushedMaterial => ({ authorities: new Map(names.map((name) => [name, authority(name, name === 'own' ? own : partner)])), crls: [] })
  const source = await startPushedTrust(of('own', 'partner'), { origin: 'the bundles', onClose: () => {}, revocationPolicy: 'soft' })
  t.teardown(async () => { await source.close() })
  const changes: TrustChange[] = []
  source.subscribe((change) => { changes.push(change) })
  t.same(source.current.authorities.map(({ name }) => name), ['own', 'partner'])
  await source.push({ authorities: new Map<string, AuthorityMaterial | Error>([['own', new Error('away')], ['partner', authority('partner', partner)]]), crls: [] })
  t.match(changes.splice(0), [{ type: 'refused', authority: 'own', error: { message: 'away' } }])
  await source.push(of('own'))
  t.match(changes.splice(0), [{ type: 'rotated', trustChanged: true }, { type: 'recovered', authority: 'own' }])
  await source.push(of())
  t.same([source.current.authorities, source.current.ca], [[], []])
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients') })
  t.match(await trust.evaluate((await own.issue({ spiffe: 'spiffe://own/x' })).der), { accepted: false, reason: 'unknown_ca' })
})

test('authorities alone: certificate and key stay, and a refusal of them too', async (t) => {
  const { source, changes } = await start(t, await material())
  const { cert } = source.current
  const bad = { ...await material(), key: (await own.issue({ cn: 'other' })).key }
  await t.rejects(source.push(bad), { message: /does not belong to the certificate/ })
  const { cert: _, key: __, ...rest } = await material({ partner: authority('partner', partner) })
  await source.push(rest)
  t.same(told(changes), ['refused all', 'rotated trust'])
  t.equal(source.current.cert, cert)
  t.same(source.current.authorities.map(({ name }) => name), ['own', 'partner'])
  await source.push({ ...rest, authorities: new Map([['own', authority('own', 'garbage')], ['partner', authority('partner', partner)]]) })
  t.same(told(changes), ['refused own'], 'our own authority is one of them')
  await source.push(await material({ partner: authority('partner', partner) }))
  t.same(told(changes), ['rotated own', 'recovered all', 'recovered own'])
})

test('a CRL of a partner whose CA has the name of ours does not stop a start', async (t) => {
  const twin = await createDevCa({ name: 'Own' })
  const lost = await own.issue({ spiffe: 'spiffe://own/lost' })
  twin.revoke(lost.serialNumber)
  const crls = [(await twin.crl()).der]
  for (const revocationPolicy of ['soft', 'hard'] as const) {
    const given = { ...await material({ partner: authority('partner', twin) }), crls }
    const { source } = await start(t, given, { revocationPolicy })
    const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients') })
    // Nothing is known of our own certificates: that list is another CA's.
    const expected = revocationPolicy === 'soft' ? { accepted: true } : { accepted: false, reason: 'revocation_unknown' }
    t.match(await trust.evaluate(lost.der), expected, revocationPolicy)
    t.match(source.current.warnings, [/signed with another key/], 'and that is said')
  }
})
