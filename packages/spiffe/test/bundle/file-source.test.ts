import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'tap'
import type { Test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import type { TrustChange, TrustSource } from '@peerkit/credentials'
import { SpiffeOptionError, spiffeBundleFile, spiffeBundleMap, spiffeTrust, writeBundleDocument } from '../../src/index.ts'
import type { BundleSource, SpiffeTrustOptions } from '../../src/index.ts'
import { accepts, endStart, nextChange, stayAlive, TrustDomain } from '../support/world.ts'

const [prod, partner, other] = [await TrustDomain.make('prod.example'), await TrustDomain.make('partner.example'), await TrustDomain.make('other.example')]

async function folderOf (t: Test): Promise<(name: string, content?: string) => Promise<string>> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-bundles-'))
  t.after(async () => { await rm(folder, { recursive: true, force: true }) })
  return async (name, content) => {
    const path = join(folder, name)
    if (content === undefined) return path
    await writeFile(`${path}.new`, content)
    await rename(`${path}.new`, path)
    return path
  }
}

async function open (t: Test, ...bundles: BundleSource[]): Promise<TrustSource> {
  stayAlive(t)
  const trust = await spiffeTrust({ bundles })
  t.after(async () => { await trust.close() })
  return trust
}

const mapOf = (...domains: TrustDomain[]): string =>
  JSON.stringify({ trust_domains: Object.fromEntries(domains.map(({ name, ca }) => [name, JSON.parse(writeBundleDocument({ ca: ca.root, sequence: 1 }))])) })
const names = (trust: TrustSource): string[] => trust.current.authorities.map(({ name }) => name)

test('one bundle as a document or in PEM, and what replaces it', async (t) => {
  const write = await folderOf(t)
  const document = await write('bundle.json', `\n ${writeBundleDocument({ ca: prod.ca.root, sequence: 4 })}`)
  const pem = await write('bundle.pem', `# the partner\n${partner.ca.root}\nand a comment\n`)
  const trust = await open(t, spiffeBundleFile({ trustDomain: 'prod.example', file: document }), spiffeBundleFile({ trustDomain: 'partner.example', file: pem }))
  t.same(names(trust), ['partner.example', 'prod.example'])
  t.match(trust.status?.(), { kind: 'bundles', state: 'live', bundles: [{ authority: 'prod.example', origin: document, sequence: 4, nextRefresh: undefined }, { authority: 'partner.example', origin: pem, sequence: undefined }] })
  const before = trust.current
  const rotated = nextChange(trust, 'rotated')
  await write('bundle.pem', `${partner.ca.root}${other.ca.root}`)
  t.match(await rotated, { trustChanged: true })
  t.equal(trust.current.authorities.find(({ name }) => name === 'partner.example')?.anchors.length, 2)
  t.same(trust.current.authorities.find(({ name }) => name === 'prod.example')?.anchors, before.authorities.find(({ name }) => name === 'prod.example')?.anchors)
  t.equal(await accepts(trust, other, 'spiffe://partner.example/x'), 'accepted by partner.example')
  t.equal(await accepts(trust, other, 'spiffe://prod.example/x'), 'outside_authority')
})

test('a file that is cut off: the last good bundle stays, told once, until it is whole', async (t) => {
  const write = await folderOf(t)
  const whole = writeBundleDocument({ ca: prod.ca.root })
  const file = await write('bundle.json', whole)
  const trust = await open(t, spiffeBundleFile({ trustDomain: 'prod.example', file }))
  const changes: TrustChange[] = []
  trust.subscribe((change) => { changes.push(change) })
  const refused = nextChange(trust, 'refused')
  await writeFile(file, whole.slice(0, 100))
  t.match(await refused, { authority: 'prod.example', error: { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'malformed', message: /is not JSON/ } })
  t.match(trust.status?.(), { state: 'failing', bundles: [{ problem: /is not JSON/ }] })
  t.equal(await accepts(trust, prod, 'spiffe://prod.example/x'), 'accepted by prod.example')
  const recovered = nextChange(trust, 'recovered')
  await write('bundle.json', whole)
  await recovered
  t.same(changes.map(({ type }) => type), ['refused', 'recovered'])
  const gone = nextChange(trust, 'refused')
  await rm(file)
  t.match(await gone, { error: { reason: 'unreadable', message: /no such file/ } })
  t.equal(await accepts(trust, prod, 'spiffe://prod.example/x'), 'accepted by prod.example')
})

test('a map: trust domains come and go', async (t) => {
  const write = await folderOf(t)
  const file = await write('map.json', mapOf(prod, partner))
  const trust = await open(t, spiffeBundleMap({ file }))
  t.same(names(trust), ['partner.example', 'prod.example'])
  const rotated = nextChange(trust, 'rotated')
  await write('map.json', mapOf(prod, other))
  await rotated
  t.same(names(trust), ['other.example', 'prod.example'])
  t.equal(await accepts(trust, partner, 'spiffe://partner.example/x'), 'unknown_ca')
  const emptied = nextChange(trust, 'rotated')
  await write('map.json', mapOf())
  await emptied
  t.same(names(trust), [])
  t.equal(await accepts(trust, prod, 'spiffe://prod.example/x'), 'unknown_ca')
  const warned = new Promise<unknown>((resolve) => {
    subscribe('peerkit:credentials:warned', resolve)
    t.after(() => { unsubscribe('peerkit:credentials:warned', resolve) })
  })
  await write('map.json', '{')
  t.match(await warned, { message: /map\.json is not JSON/ }, 'a fault is told, also if it is that of no trust domain')
})

test('a trust domain comes from one source', async (t) => {
  const write = await folderOf(t)
  const [map, file] = [await write('map.json', mapOf(prod, partner)), await write('prod.pem', prod.ca.root)]
  const both = { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'trust_domain', message: /map\.json has a bundle for prod\.example, which .*prod\.pem gives/ }
  await t.rejects(spiffeTrust({ bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file }), spiffeBundleMap({ file: map })] }), both as never)
  const twice = { constructor: SpiffeOptionError, message: /bundles\[1\]: .* are both for prod\.example; expected one source/ }
  await t.rejects(spiffeTrust({ bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file }), spiffeBundleFile({ trustDomain: 'spiffe://prod.example', file })] }), twice as never)
  const shared = spiffeBundleFile({ trustDomain: 'prod.example', file })
  const trust = await open(t, shared)
  await t.rejects(spiffeTrust({ bundles: [shared] }), { constructor: SpiffeOptionError, message: /is in use already/ } as never)
  await trust.close()
  await write('map.json', mapOf(partner))
  const later = await open(t, spiffeBundleFile({ trustDomain: 'prod.example', file }), spiffeBundleMap({ file: map }))
  const refused = nextChange(later, 'refused')
  await write('map.json', mapOf(prod, partner, other))
  t.match(await refused, { authority: 'partner.example', error: { reason: 'trust_domain' } })
  t.same(names(later), ['partner.example', 'prod.example'], 'what it adds is not used either')
})

test('a start with a file that is wrong fails at once and says why', async (t) => {
  const write = await folderOf(t)
  const leaf = (await prod.ca.issue({ spiffe: 'spiffe://prod.example/x' })).cert
  for (const [content, error] of [
    [undefined, { reason: 'unreadable', message: /no such file; expected a bundle/ }],
    ['', { reason: 'malformed' }],
    ['no PEM', { reason: 'malformed' }],
    [leaf, { reason: 'svid', message: /is not a CA/ }],
    ['x'.repeat(5 << 20), { reason: 'too_large' }],
    [JSON.stringify({ keys: Array(1).fill({ use: 'x509-svid', x5c: ['Z2FyYmFnZQ=='] }) }), { reason: 'malformed' }]
  ] as const) {
    const file = await write(`bundle-${String(content?.length)}`, content)
    await t.rejects(spiffeTrust({ bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file })] }), { code: 'MTLS_ERR_SPIFFE_INVALID', ...error } as never)
  }
  const empty = await write('empty.json', '{"keys":[]}')
  stayAlive(t)
  const clock = new ManualClock()
  const starting = spiffeTrust({ bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file: empty })], clock })
  await endStart(clock, starting)
  await t.rejects(starting, { reason: 'empty', message: /^SPIFFE data refused: no bundle within 30000 ms; there is no bundle yet; that of prod\.example has no CA certificates$/ } as never)
})

test('without a watch, a change is not noticed', async (t) => {
  const write = await folderOf(t)
  const file = await write('prod.pem', prod.ca.root)
  const watched = await write('map.json', mapOf(partner))
  const trust = await open(t, spiffeBundleFile({ trustDomain: 'prod.example', file, watch: false }), spiffeBundleMap({ file: watched, watch: 'poll', pollInterval: 20 }))
  await write('prod.pem', other.ca.root)
  const rotated = nextChange(trust, 'rotated')
  await write('map.json', mapOf(partner, other))
  await rotated
  t.equal(await accepts(trust, prod, 'spiffe://prod.example/x'), 'accepted by prod.example')
})

test('options that are wrong', async (t) => {
  for (const [make, message] of [
    [() => spiffeBundleFile({ trustDomain: 'UPPER', file: 'x' }), /trustDomain is "UPPER"; expected a trust domain/],
    [() => spiffeBundleFile({ file: 'x' } as never), /trustDomain is missing/],
    [() => spiffeBundleFile({ trustDomain: 'prod.example' } as never), /file is missing/],
    [() => spiffeBundleMap({ file: '' }), /file/],
    [() => spiffeBundleMap({ file: 'x', trustDomain: 'prod.example' } as never), /trustDomain/]
  ] as const) t.throws(make, { constructor: SpiffeOptionError, message } as never)
  for (const options of [{}, { bundles: [] }, { bundles: ['x'] }, { bundles: [{}] }, { bundles: {} }]) {
    await t.rejects(spiffeTrust(options as unknown as SpiffeTrustOptions), { constructor: SpiffeOptionError, message: /bundles/ } as never)
  }
})
