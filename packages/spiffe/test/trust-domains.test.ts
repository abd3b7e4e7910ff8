// Trust domains with names that mean something elsewhere, and trust domains that share a CA.
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { authoritiesOf } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import { createTrustEvaluator } from '@peerkit/trust'
import type { TrustEvaluator } from '@peerkit/trust'
import { spiffeCredentials } from '../src/index.ts'
import { splitCertificates } from '../src/source/read-certificates.ts'
import type { SpiffeCredentialsOptions } from '../src/index.ts'
import { startAgent } from './support/agent.ts'
import type { Agent } from './support/agent.ts'
import { derOf, svidOf } from './support/messages.ts'
import type { ResponseFields } from './support/messages.ts'
import { TrustDomain, nextChange, stayAlive } from './support/world.ts'

async function start (
  t: Test, response: ResponseFields, options: SpiffeCredentialsOptions = {}
): Promise<{ agent: Agent, source: CredentialSource, trust: TrustEvaluator }> {
  stayAlive(t)
  const agent = await startAgent(t)
  agent.push(response)
  const source = await spiffeCredentials({ socket: agent.address, ...options })
  t.after(async () => { await source.close() })
  const trust = createTrustEvaluator({
    authorities: () => authoritiesOf(source.current, 'clients'), version: () => source.current.trustEpoch
  })
  return { agent, source, trust }
}

const federate = (...domains: readonly TrustDomain[]): { federatedBundles: Record<string, Uint8Array> } =>
  ({ federatedBundles: Object.fromEntries(domains.map(({ name, bundle }) => [`spiffe://${name}`, bundle])) })

test('names that mean something elsewhere are names like others', async (t) => {
  const names = ['default', '__proto__', 'constructor', 'tostring', 'hasownproperty', '1', '10', '9', '0.0.0.0', '-', '_', 'x'.repeat(255)]
  const domains = await Promise.all(names.map(async (name) => await TrustDomain.make(name)))
  for (const own of domains) {
    const others = domains.filter((domain) => domain !== own)
    const lost = await own.ca.issue({ spiffe: `spiffe://${own.name}/lost` })
    own.ca.revoke(lost)
    const { source, trust } = await start(t, await own.response({ ...federate(...others), crls: [(await own.ca.crl()).der] }))
    const { authorities, revocation, warnings } = source.current
    t.same(authorities.map(({ name }) => name), [own.name, ...others.map(({ name }) => name).sort()], `${own.name} comes first`)
    t.same(warnings, [])
    t.equal(revocation, undefined, 'which is that of the option ca')
    t.match(await trust.evaluate(lost.der), { accepted: false, reason: 'revoked' })
    for (const { name, ca } of domains) {
      const { der } = await ca.issue({ spiffe: `spiffe://${name}/x` })
      t.match(await trust.evaluate(der), { accepted: true, authority: name, peer: { authority: name } })
    }
  }
})

test('the names of CAs that are too many are not sent, and a partner stops no rotation with them', async (t) => {
  const [prod, partner] = [await TrustDomain.make('prod.example'), await TrustDomain.make('partner.example')]
  const long = 'A certification authority with a long name '.repeat(30)
  const many = Buffer.concat(await Promise.all(Array.from({ length: 50 }, async (_, index) => (await createDevCa({ name: `${long}${index}` })).der)))
  const { agent, source } = await start(t, await prod.response(federate(partner)))
  t.equal(source.current.sendCaNames, true)
  const rotated = nextChange(source, 'rotated')
  agent.push(await prod.response({ federatedBundles: { 'spiffe://partner.example': many } }))
  await rotated
  t.equal(source.current.sendCaNames, false)
  t.match(source.current.warnings, [/^found 51 CA certificates whose names have \d+ bytes, .*so servers send none/])
  t.equal(source.current.authorities[1]?.anchors.length, 50)
  const again = nextChange(source, 'rotated')
  agent.push(await prod.response(federate(partner)))
  await again
  t.match(source.current, { sendCaNames: true, warnings: [] })
  for (const options of [{ sendCaNames: false }, { use: 'client' }] as const) {
    const quiet = await start(t, await prod.response({ federatedBundles: { 'spiffe://partner.example': many } }), options)
    t.same(quiet.source.current.warnings, [], 'nothing is sent anyway')
  }
  const told = await start(t, await prod.response(federate(partner)), { sendCaNames: true })
  const refused = nextChange(told.source, 'refused')
  told.agent.push(await prod.response({ federatedBundles: { 'spiffe://partner.example': many } }))
  t.match(await refused, { error: { reason: 'unusable', message: /sendCaNames: false/ } }, 'who wants names is told that they do not fit')
})

test('a federated bundle that starts later is taken up then', async (t) => {
  const clock = new ManualClock()
  const prod = await TrustDomain.make('prod.example')
  const late = await TrustDomain.make('late.example', { notBefore: new Date(clock.now() + 60_000), notAfter: new Date(clock.now() + 1e9) })
  const { source } = await start(t, await prod.response(federate(late)), { clock })
  t.same(source.current.authorities.map(({ name }) => name), ['prod.example'])
  const rotated = nextChange(source, 'rotated')
  clock.advance(61_000)
  await rotated
  t.same(source.current.authorities.map(({ name }) => name), ['prod.example', 'late.example'])
  await source.close()
  t.equal(clock.waiting, 0)
})

test('an SVID that starts later is used then: at the start, and while another is in use', async (t) => {
  const clock = new ManualClock()
  const prod = await TrustDomain.make('prod.example')
  const at = (from: number, to: number): object => ({ notBefore: new Date(clock.now() + from), notAfter: new Date(clock.now() + to) })
  stayAlive(t)
  const agent = await startAgent(t)
  agent.push({ svids: [await prod.svid('/ledger', at(5_000, 3_600_000))] })
  const scheduled = clock.nextTask((delay) => delay > 4_000 && delay <= 6_000)
  const starting = spiffeCredentials({ socket: agent.address, clock })
  await scheduled
  clock.advance(6_000)
  const source = await starting
  t.equal(source.current.generation, 1)
  const before = source.current
  const refused = nextChange(source, 'refused')
  agent.push({ svids: [await prod.svid('/ledger', at(60_000, 7_200_000))] })
  t.match(await refused, { error: { reason: 'not_yet_valid' }, snapshot: before })
  const rotated = nextChange(source, 'rotated')
  const recovered = nextChange(source, 'recovered')
  clock.advance(61_000)
  await rotated
  await recovered
  t.not(source.current.identity.serialNumber, before.identity.serialNumber)
  await source.close()
  t.equal(clock.waiting, 0)
})

test('an SVID that has ended is not used, and one that ends soon is', async (t) => {
  const clock = new ManualClock()
  const prod = await TrustDomain.make('prod.example')
  const { agent, source } = await start(t, await prod.response(), { clock })
  const before = source.current
  const until = (left: number): object => ({ notBefore: new Date(clock.now() - 60_000), notAfter: new Date(clock.now() + left) })
  const refused = nextChange(source, 'refused')
  agent.push({ svids: [await prod.svid('/ledger', until(-1_000))] })
  t.match(await refused, { error: { reason: 'expired' }, snapshot: before })
  const rotated = nextChange(source, 'rotated')
  agent.push({ svids: [await prod.svid('/ledger', until(1_000))] })
  await rotated
  t.ok(source.current.notAfter - clock.now() <= 1_000)
})

test('a federated bundle with the name of no trust domain: the response is refused', async (t) => {
  const prod = await TrustDomain.make('prod.example')
  const { agent, source } = await start(t, await prod.response())
  const before = source.current
  const refused = nextChange(source, 'refused')
  agent.push(await prod.response({ federatedBundles: { 'https://partner.example': prod.bundle } }))
  t.match(await refused, { error: { reason: 'trust_domain' }, snapshot: before })
})

test('CRLs: of an intermediate, of nobody, and of 200 trust domains', async (t) => {
  const [prod, stranger] = [await TrustDomain.make('prod.example'), await TrustDomain.make('stranger.example')]
  const partners = await Promise.all(Array.from({ length: 200 }, async (_, index) => await TrustDomain.make(`p${index}.example`)))
  const lost = await Promise.all(partners.map(async ({ name, ca }) => await ca.issue({ spiffe: `spiffe://${name}/lost` })))
  for (const [index, leaf] of lost.entries()) partners[index]?.ca.revoke(leaf)
  const below = await prod.ca.intermediate({ name: 'Below' })
  const ours = svidOf(await below.issue({ spiffe: 'spiffe://prod.example/ledger' }), prod.ca, 'spiffe://prod.example/ledger')
  const peer = await below.issue({ spiffe: 'spiffe://prod.example/peer' })
  below.revoke(peer)
  const crls = await Promise.all([below, stranger.ca, ...partners.map(({ ca }) => ca)].map(async (ca) => (await ca.crl()).der))
  const { agent, source, trust } = await start(t, { svids: [ours], crls, ...federate(...partners) })
  const sent = derOf(peer.chain)
  const [leaf, intermediate] = splitCertificates(sent, 'it') as [Uint8Array, Uint8Array]
  t.match(await trust.evaluate(leaf, { sent: [intermediate] }), { accepted: false, reason: 'revoked' }, 'our own intermediate has a list')
  for (const { der } of lost) t.match(await trust.evaluate(der), { accepted: false, reason: 'revoked' })
  const { trustEpoch, authorities } = source.current
  const rotated = nextChange(source, 'rotated')
  agent.push({ svids: [svidOf(await below.issue({ spiffe: 'spiffe://prod.example/ledger' }), prod.ca, 'spiffe://prod.example/ledger')], crls, ...federate(...partners) })
  await rotated
  t.equal(source.current.trustEpoch, trustEpoch, 'the same lists change nothing')
  t.ok(source.current.authorities.every((authority, index) => authority === authorities[index]))
})
