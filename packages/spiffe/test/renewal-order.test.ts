// Our X.509-SVID and the bundles come in any order, and one that is refused may be good later.
import { renameSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { isSoon } from '@peerkit/test-support/turns'
import type { BundleSource, BundleUser, HeldBundle } from '../src/bundle/bundle-source.ts'
import { readBundleDocument, readPemBundle } from '../src/bundle/format.ts'
import { Assembly } from '../src/source/assembly.ts'
import type { OwnListener, OwnUpdate } from '../src/source/own-feed.ts'
import { FileFeed } from '../src/source/file-feed.ts'
import { readBundle } from '../src/source/read-update.ts'
import { spiffeBundleFile, spiffeCredentials } from '../src/index.ts'
import { startAgent } from './support/agent.ts'
import { TrustDomain, nextChange, stayAlive } from './support/world.ts'

const [prod, partner] = [await TrustDomain.make('prod.example'), await TrustDomain.make('partner.example')]
const LEDGER = 'spiffe://prod.example/ledger'

async function folderOf (t: Test): Promise<(name: string, content: string) => Promise<string>> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-order-'))
  t.after(async () => { await rm(folder, { recursive: true, force: true }) })
  return async (name, content) => {
    const path = join(folder, name)
    await writeFile(`${path}.new`, content, { mode: 0o600 })
    await rename(`${path}.new`, path)
    return path
  }
}

test('files: a certificate of a new CA comes before the bundle with that CA', async (t) => {
  stayAlive(t)
  const write = await folderOf(t)
  const first = await prod.ca.issue({ spiffe: LEDGER })
  const [cert, file] = [await write('svid.pem', first.chain + first.key), await write('bundle.pem', prod.ca.root)]
  const source = await spiffeCredentials({ cert, bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file })] })
  t.after(async () => { await source.close() })
  const nextCa = await createDevCa({ name: 'next CA' })
  const second = await nextCa.issue({ spiffe: LEDGER })
  const refused = nextChange(source, 'refused')
  await write('svid.pem', second.chain + second.key)
  t.match(await refused, { error: { code: 'MTLS_ERR_CREDENTIALS_REFUSED' }, authority: undefined })
  const recovered = nextChange(source, 'recovered')
  await write('bundle.pem', prod.ca.root + nextCa.root)
  await recovered
  t.equal(source.current.identity.serialNumber, parsePeerIdentity(second.der).serialNumber)
  t.match(source.status?.(), { state: 'live', problem: undefined })
})

test('files: a renewal in the moment of the start is not missed', async (t) => {
  const write = await folderOf(t)
  const [first, second] = [await prod.ca.issue({ spiffe: LEDGER }), await prod.ca.issue({ spiffe: LEDGER })]
  const cert = await write('svid.pem', first.chain + first.key)
  await write('second.pem', second.chain + second.key)
  const clock = new ManualClock()
  const feed = new FileFeed({ cert, key: cert, pollInterval: 1_000, clock })
  t.after(async () => { await feed.close() })
  stayAlive(t)
  const [renewed, updates] = [Promise.withResolvers<OwnUpdate>(), [] as OwnUpdate[]]
  await feed.open({
    onUpdate (read) {
      updates.push(read() as OwnUpdate)
      if (updates.length > 1) renewed.resolve(updates[1] as OwnUpdate)
      else renameSync(cert.replace(/svid(?=\.pem$)/, 'second'), cert)
    },
    onFailure: renewed.reject,
    onWithdrawn: () => {}
  })
  clock.advance(1_000)
  t.equal((await renewed.promise).cert.trim(), second.chain.trim())
})

test('an SVID that starts later is used then, also if a bundle changes before', async (t) => {
  stayAlive(t)
  const write = await folderOf(t)
  const file = await write('partner.pem', partner.ca.root)
  const agent = await startAgent(t)
  agent.push(await prod.response())
  const clock = new ManualClock()
  const source = await spiffeCredentials({ socket: agent.address, clock, pingInterval: 600_000, bundles: [spiffeBundleFile({ trustDomain: 'partner.example', file })] })
  t.after(async () => { await source.close() })
  const before = source.current.identity.serialNumber
  const refused = nextChange(source, 'refused')
  const later: object = { notBefore: new Date(clock.now() + 60_000) }
  agent.push({ svids: [await prod.svid('/ledger', later)] })
  t.match(await refused, { error: { startsAt: Number } })
  const rotated = nextChange(source, 'rotated')
  await write('partner.pem', (await createDevCa({ name: 'other' })).root)
  await rotated
  t.equal(source.current.identity.serialNumber, before)
  const recovered = nextChange(source, 'recovered')
  clock.advance(61_000)
  await recovered
  t.not(source.current.identity.serialNumber, before)
})

interface World { readonly clock: ManualClock, readonly source: Awaited<ReturnType<Assembly['start']>>, readonly own: OwnListener, readonly bundles: BundleUser & { give: (ca: string) => void } }

const updateOf = async (spiffe = LEDGER): Promise<OwnUpdate> => {
  const { chain, key } = await prod.ca.issue({ spiffe })
  return { cert: chain, key, trustDomain: 'prod.example', bundles: new Map([['prod.example', readBundle(prod.bundle, 'prod.example')]]), crls: [] }
}

/** A source with an agent and a source of bundles that do what the test says, at the moment that it says. */
async function worldOf (t: Test): Promise<World> {
  const document = (ca: string): HeldBundle => ({ document: ca === '' ? readBundleDocument({ keys: [] }, 'partner.example', 'it') : readPemBundle(ca, 'partner.example', 'it'), refreshedAt: 0, nextRefresh: undefined, problem: undefined })
  let [held, own, user] = [document(partner.ca.root), undefined as unknown as OwnListener, undefined as unknown as BundleUser]
  const bundles: BundleSource = {
    origin: 'a test', trustDomain: 'partner.example', needs: [], start: async (given) => { user = given }, list: () => new Map([['partner.example', held]]), close: async () => {}
  }
  const clock = new ManualClock()
  const first = await updateOf()
  const assembly = new Assembly({
    own: { kind: 'workload api', origin: 'a test', open (listener) { (own = listener).onUpdate(() => first) }, close () {} },
    bundles: [bundles],
    federated: 'all',
    check: { revocationPolicy: 'soft', chain: 'required', clock },
    clock,
    random: () => 0,
    onTimeout: () => new Error('timeout')
  })
  const source = await assembly.start(1_000)
  t.after(async () => { await source.close() })
  return { clock, source, own, bundles: { ...user, give (ca) { held = document(ca); user.changed() } } }
}

test('a bundle that is withdrawn in the moment in which our SVID is refused', async (t) => {
  const { source, own, bundles } = await worldOf(t)
  t.same(source.current.authorities.map(({ name }) => name), ['prod.example', 'partner.example'])
  const bad = { ...await updateOf(), key: 'garbage' }
  const rotated = nextChange(source, 'rotated')
  own.onUpdate(async () => {
    bundles.give('')
    return bad
  })
  await rotated
  t.same(source.current.authorities.map(({ name }) => name), ['prod.example'])
})

test('an SVID that is taken back while it is read or checked does not come back', async (t) => {
  const { source, own, bundles } = await worldOf(t)
  const late = await updateOf('spiffe://prod.example/late')
  const shown: unknown[] = []
  source.subscribe(() => { shown.push((source.current as { withdrawn?: boolean }).withdrawn) })
  const rotate = async (): Promise<void> => {
    const rotated = nextChange(source, 'rotated')
    bundles.give((await createDevCa({ name: 'another' })).root)
    await rotated
  }
  own.onUpdate(async () => {
    own.onWithdrawn()
    return late
  })
  await rotate()
  t.same([...new Set(shown)], [true])
  const refused = nextChange(source, 'refused')
  own.onUpdate(() => { throw new Error('garbage') })
  await refused
  await rotate()
  t.same([...new Set(shown)], [true], 'what cannot be read is no identity')
  own.onUpdate(() => late)
  await nextChange(source, 'rotated')
  t.equal(shown.at(-1), false)
})

test('an SVID that came before our identity was taken back does not bring it back, looked at or not', async (t) => {
  const { clock, source, own, bundles } = await worldOf(t)
  const [late, early] = [await updateOf('spiffe://prod.example/late'), await prod.ca.issue({ spiffe: LEDGER, notBefore: new Date(clock.now() + 60_000) })]
  const isWithdrawn = (): boolean | undefined => (source.current as { withdrawn?: boolean }).withdrawn
  const rotate = async (): Promise<void> => {
    const { generation } = source.current
    bundles.give((await createDevCa({ name: 'another' })).root)
    t.ok(await isSoon(() => source.current.generation > generation), 'the bundles are used meanwhile')
  }
  own.onUpdate(() => {
    // It arrives while the other one is read.
    own.onUpdate(() => late)
    own.onWithdrawn()
    return late
  })
  await rotate()
  t.equal(isWithdrawn(), true, 'one that waits')
  own.onUpdate(() => late)
  t.ok(await isSoon(() => isWithdrawn() === false), 'one that came after it')
  const refused = nextChange(source, 'refused')
  own.onUpdate(() => ({ ...late, cert: early.chain, key: early.key }))
  t.match(await refused, { error: { startsAt: Number } })
  // Subscribers are told before it is kept.
  await new Promise<void>((resolve) => { setImmediate(resolve) })
  own.onWithdrawn()
  clock.advance(61_000)
  await rotate()
  t.equal(isWithdrawn(), true, 'one that was refused because it starts later')
})
