import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import type { Test } from 'tap'
import { secureContextOptions } from '@peerkit/credentials'
import type { CredentialChange, CredentialSource } from '@peerkit/credentials'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { SpiffeOptionError, spiffeBundleFile, spiffeBundleMap, spiffeCredentials, writeBundleDocument } from '../src/index.ts'
import type { SpiffeCredentialsOptions } from '../src/index.ts'
import { startAgent } from './support/agent.ts'
import type { Agent } from './support/agent.ts'
import { accepts, endStart, nextChange, stayAlive, TrustDomain } from './support/world.ts'

const [prod, partner, other] = [await TrustDomain.make('prod.example'), await TrustDomain.make('partner.example'), await TrustDomain.make('other.example')]

interface Folder { path (name: string): string, write (name: string, content: string): Promise<string> }

async function folderOf (t: Test): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-bundles-'))
  t.after(async () => { await rm(folder, { recursive: true, force: true }) })
  const path = (name: string): string => join(folder, name)
  return {
    path,
    async write (name, content) {
      await writeFile(path(`${name}.new`), content, { mode: 0o600 })
      await rename(path(`${name}.new`), path(name))
      return path(name)
    }
  }
}

async function open (t: Test, options: SpiffeCredentialsOptions): Promise<{ source: CredentialSource, changes: CredentialChange[], told: () => string[] }> {
  stayAlive(t)
  const source = await spiffeCredentials(options)
  t.after(async () => { await source.close() })
  const changes: CredentialChange[] = []
  source.subscribe((change) => { changes.push(change) })
  return { source, changes, told: () => changes.splice(0).map((change) => change.type === 'rotated' ? `rotated ${change.trustChanged ? 'trust' : 'own'}` : `${change.type} ${change.authority ?? 'own'}`) }
}

async function agentWith (t: Test, federated: Readonly<Record<string, Uint8Array>> = {}): Promise<Agent> {
  const agent = await startAgent(t)
  agent.push(await prod.response({ federatedBundles: federated }))
  return agent
}

test('bundles in addition to those of the agent; for one trust domain the explicit source counts', async (t) => {
  const folder = await folderOf(t)
  const file = await folder.write('partner.pem', partner.ca.root)
  const agent = await agentWith(t, { 'spiffe://partner.example': other.bundle, 'spiffe://other.example': other.bundle })
  const { source, told } = await open(t, { socket: agent.address, bundles: [spiffeBundleFile({ trustDomain: 'partner.example', file })] })
  t.same(source.current.authorities.map(({ name }) => name), ['prod.example', 'other.example', 'partner.example'])
  t.equal(await accepts(source, partner, 'spiffe://partner.example/x'), 'accepted by partner.example')
  t.equal(await accepts(source, other, 'spiffe://partner.example/x'), 'outside_authority', 'what the agent gave is not used')
  t.match(source.status?.(), {
    kind: 'workload api',
    state: 'live',
    bundles: [
      { authority: 'prod.example', origin: 'workload api' }, { authority: 'other.example', origin: 'workload api' }, { authority: 'partner.example', origin: file }
    ]
  })
  const rotated = nextChange(source, 'rotated')
  await folder.write('partner.pem', other.ca.root)
  await rotated
  t.same(told(), ['rotated trust'])
  t.equal(await accepts(source, partner, 'spiffe://partner.example/x'), 'unknown_ca')
  const renewed = nextChange(source, 'rotated')
  agent.push(await prod.response({ federatedBundles: { 'spiffe://partner.example': partner.bundle } }))
  await renewed
  t.same(source.current.authorities.map(({ name }) => name), ['prod.example', 'partner.example'])
  t.equal(await accepts(source, partner, 'spiffe://partner.example/x'), 'unknown_ca')
  const withdrawn = nextChange(source, 'rotated')
  await folder.write('partner.pem', '{"keys":[]}')
  await withdrawn
  t.same(source.current.authorities.map(({ name }) => name), ['prod.example'], 'and not that of the agent instead')
})

test('a bundle changes while the agent is away or lies', async (t) => {
  const folder = await folderOf(t)
  const file = await folder.write('map.json', JSON.stringify({ trust_domains: { 'partner.example': JSON.parse(writeBundleDocument({ ca: partner.ca.root })) } }))
  const agent = await agentWith(t)
  const { source, told } = await open(t, { socket: agent.address, bundles: [spiffeBundleMap({ file })] })
  const refused = nextChange(source, 'refused')
  agent.push({ svids: [{ ...await prod.svid(), key: (await prod.svid('/other')).key as Uint8Array }] })
  await refused
  const { cert } = source.current
  const rotated = nextChange(source, 'rotated')
  await folder.write('map.json', JSON.stringify({ trust_domains: {} }))
  await rotated
  t.same(told(), ['refused own', 'rotated trust'], 'our own part has not recovered')
  t.equal(source.current.cert, cert)
  t.match(source.status?.(), { state: 'failing', problem: /key/ })
  t.equal(await accepts(source, partner, 'spiffe://partner.example/x'), 'unknown_ca')
  const recovered = nextChange(source, 'recovered')
  agent.push(await prod.response())
  await recovered
  t.same(told(), ['rotated own', 'recovered own'])
  t.match(source.status?.(), { state: 'live', problem: undefined })
})

test('our own trust domain comes from the agent alone', async (t) => {
  const folder = await folderOf(t)
  const agent = await agentWith(t)
  const file = await folder.write('other.pem', other.ca.root)
  await t.rejects(spiffeCredentials({ socket: agent.address, bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file })] }), {
    constructor: SpiffeOptionError, message: /bundles has a source of our own trust domain prod\.example/
  } as never)
  const map = await folder.write('map.json', JSON.stringify({ trust_domains: { 'prod.example': JSON.parse(writeBundleDocument({ ca: other.ca.root })) } }))
  const { source } = await open(t, { socket: agent.address, bundles: [spiffeBundleMap({ file: map })] })
  t.equal(await accepts(source, prod, 'spiffe://prod.example/x'), 'accepted by prod.example')
  t.equal(await accepts(source, other, 'spiffe://prod.example/x'), 'unknown_ca', 'an entry of a map is not used')
  t.same(source.status?.().bundles.map(({ origin }) => origin), ['workload api'])
})

test('our X.509-SVID from files', async (t) => {
  const folder = await folderOf(t)
  const issue = async (path = '/ledger'): Promise<{ chain: string, key: string }> => await prod.ca.issue({ spiffe: `spiffe://prod.example${path}`, dns: 'localhost' })
  const first = await issue()
  const [cert, key, bundle] = [await folder.write('svid.pem', first.chain), await folder.write('svid.key', first.key), await folder.write('bundle.pem', prod.ca.root)]
  const { source, told } = await open(t, { cert, key, bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file: bundle })] })
  t.equal(source.current.identity.spiffeId, 'spiffe://prod.example/ledger')
  t.match(source.current.authorities, [{ name: 'prod.example', spiffeOnly: true }])
  t.match(source.status?.(), { kind: 'files', origin: cert, state: 'live', bundles: [{ authority: 'prod.example', origin: bundle }] })
  const second = await issue()
  const rotated = nextChange(source, 'rotated')
  await folder.write('svid.pem', second.chain)
  await folder.write('svid.key', second.key)
  await rotated
  t.same(told(), ['rotated own'], 'a key that comes a moment later is waited for')
  const third = await issue()
  const refused = nextChange(source, 'refused')
  await folder.write('svid.pem', third.chain)
  t.match(await refused, { authority: undefined, error: { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'svid', message: /svid\.key.*: it is not the key of spiffe:\/\/prod\.example\/ledger/ } })
  const again = nextChange(source, 'recovered')
  await folder.write('svid.key', third.key)
  await again
  t.same(told(), ['refused own', 'rotated own', 'recovered own'])
  const foreign = await other.ca.issue({ spiffe: 'spiffe://other.example/x' })
  const strange = nextChange(source, 'refused')
  await folder.write('svid.key', foreign.key)
  await folder.write('svid.pem', foreign.chain)
  t.match(await strange, { error: { reason: 'trust_domain', message: /the new X\.509-SVID is of the trust domain other\.example, and no source/ } })
  t.equal(source.current.identity.spiffeId, 'spiffe://prod.example/ledger')
})

test('a start with files that are wrong', async (t) => {
  const folder = await folderOf(t)
  const [one, two] = [await prod.ca.issue({ spiffe: 'spiffe://prod.example/one' }), await prod.ca.issue({ spiffe: 'spiffe://prod.example/two' })]
  const bundle = await folder.write('bundle.pem', prod.ca.root)
  const bundles = (): SpiffeCredentialsOptions => ({ bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file: bundle })] })
  const key = await folder.write('one.key', one.key)
  for (const [what, content, error] of [
    ['no file', undefined, { reason: 'unreadable', message: /cert \(.*\): found no such file/ }],
    ['no PEM', 'x', { reason: 'malformed' }],
    ['a CA', prod.ca.root, { reason: 'svid', message: /a CA certificate; expected an X\.509-SVID/ }],
    ['no SPIFFE ID', (await prod.ca.issue({ dns: 'localhost' })).chain, { reason: 'svid', message: /without a SPIFFE ID/ }],
    ['another key', two.chain, { reason: 'svid', message: /it is not the key/ }]
  ] as const) {
    const cert = content === undefined ? folder.path('missing.pem') : await folder.write('cert.pem', content)
    await t.rejects(spiffeCredentials({ cert, key, ...bundles() }), { code: 'MTLS_ERR_SPIFFE_INVALID', ...error } as never, what)
  }
  const cert = await folder.write('cert.pem', one.chain)
  await folder.write('bad.key', 'garbage')
  await t.rejects(spiffeCredentials({ cert, key: folder.path('bad.key'), ...bundles() }), { reason: 'malformed', message: /key \(/ } as never)
  stayAlive(t)
  const expired = await prod.ca.issue({ spiffe: 'spiffe://prod.example/one', notAfter: new Date(Date.now() - 1_000) })
  for (const [options, message] of [
    [{ cert, key, bundles: [spiffeBundleFile({ trustDomain: 'other.example', file: bundle })] }, /there is no bundle of our trust domain prod\.example yet/],
    [{ cert: await folder.write('expired.pem', expired.chain + expired.key), ...bundles() }, /not usable within 30000 ms; .*expired/]
  ] as const) {
    const clock = new ManualClock()
    const starting = spiffeCredentials({ ...options, pollInterval: 9_000, clock })
    await endStart(clock, starting)
    await t.rejects(starting, { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'empty', message } as never)
    t.equal(clock.waiting, 0)
  }
  for (const [options, message] of [
    [{ cert }, /bundles is missing/], [{ cert, ...bundles(), socket: 'unix:/x' }, /socket and cert are both set/], [{ cert, ...bundles(), federated: 'none' }, /federated and cert/],
    [{ key, socket: 'unix:/x' }, /key is set without cert/], [{ pollInterval: 5, socket: 'unix:/x' }, /pollInterval is set without cert/], [{ socket: 'unix:/x', bundles: ['x'] }, /bundles/]
  ] as const) await t.rejects(spiffeCredentials(options as never), { constructor: SpiffeOptionError, message } as never)
})

test('without a bundle at all, a server trusts nobody, and not the public CAs', async (t) => {
  const folder = await folderOf(t)
  const svid = await prod.ca.issue({ spiffe: 'spiffe://prod.example/ledger' })
  const [cert, bundle] = [await folder.write('svid.pem', svid.chain + svid.key), await folder.write('bundle.json', writeBundleDocument({ ca: prod.ca.root }))]
  const { source } = await open(t, { cert, bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file: bundle })] })
  const client = await prod.ca.issue({ spiffe: 'spiffe://prod.example/client' })
  const handshake = async (): Promise<boolean> => {
    const server = createServer({ ...secureContextOptions(source.current), requestCert: true, rejectUnauthorized: false }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, cert: client.chain, key: client.key, rejectUnauthorized: false })
    const [accepted] = await once(server, 'secureConnection')
    socket.destroy()
    server.close()
    return accepted.authorized
  }
  t.equal(await handshake(), true)
  const withdrawn = nextChange(source, 'rotated')
  await folder.write('bundle.json', '{"keys":[]}')
  await withdrawn
  t.same(secureContextOptions(source.current).ca, [])
  t.equal(await handshake(), false)
})
