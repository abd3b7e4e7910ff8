import { test } from 'tap'
import type { Test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { vaultRevocation } from '@peerkit/issuers/vault'
import { checkChain } from '@peerkit/revocation'
import type { CrlIndex, RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import { byIssuerKey } from '@peerkit/revocation/internal'
import { rejection } from '@peerkit/test-support/rejection'
import { isSoon } from '@peerkit/test-support/turns'
import { crlAndOcsp } from '../../src/vault/trust/crl-and-ocsp.ts'
import type { ListedChecker } from '../../src/vault/trust/crl-and-ocsp.ts'
import { data, failure, idOf, serveIssuers } from './fake-vault.ts'
import type { FakeVault } from './fake-vault.ts'
import { ask, startWorld } from './world.ts'

/** Serves the CRL of a CA, as it is when it is asked for. */
function serveCrl (vault: FakeVault, ca: DevCa, mount = 'pki'): void {
  const path = `${mount}/issuer/${idOf(ca.certificate)}/crl`
  vault.on(`${path}/der`, async () => ({ text: (await ca.crl()).pem }))
  vault.on(`${path}/delta/der`, () => ({ status: 404 }))
}

/** The issuers of the CRLs that a checker shows. */
function issuersOf (checker: RevocationChecker): readonly string[] {
  return (checker as RevocationChecker & { lists: readonly CrlIndex[] }).lists.map(({ issuer }) => String(issuer))
}

async function leafOf (ca: DevCa): Promise<PeerIdentity> {
  return parsePeerIdentity((await ca.issue({ cn: 'client' })).der, { chain: [parsePeerIdentity(ca.der)] })
}

/** A mount with a root that issues, and its CRL. */
async function startMount (t: Test) {
  const world = await startWorld(t)
  serveCrl(world.vault, world.ca)
  const follow = async (options: object = {}): Promise<RevocationChecker> => {
    const checker = await vaultRevocation({ url: world.url, clock: world.clock, delta: false, onWarning: (text) => { world.warnings.push(text) }, ...options })
    t.teardown(async () => { await checker.close() })
    return checker
  }
  return { ...world, follow }
}

test('one option sets up the CAs and their CRLs', async (t) => {
  const { vault, issuer, ca } = await startMount(t)
  const source = await renewingCredentials(issuer({ revocation: { delta: false } }))
  t.teardown(async () => { await source.close() })
  const [authority] = source.current.authorities
  t.equal(authority?.name, 'vault')
  const client = await leafOf(ca)
  t.match(await checkChain(authority!.checker!, client), { permitted: true })
  const { epoch } = authority!.checker!
  await source.refresh()
  t.equal(source.current.authorities[0]?.checker, authority?.checker, 'a renewal keeps the checker')
  t.equal(source.current.trustEpoch, 1)
  t.equal(authority?.checker?.epoch, epoch)
  t.equal(vault.calls(`pki/issuer/${idOf(ca.root)}/crl/der`).length, 1)
})

test('monitoring and the console see the CRLs', async (t) => {
  const { vault, ca, follow } = await startMount(t)
  const subject = String(parsePeerIdentity(ca.der).subject)
  for (const ocsp of [false, true]) {
    const checker = await follow({ ocsp })
    t.match(issuersOf(checker), [subject], `ocsp: ${String(ocsp)}`)
  }
  vault.on('pki/issuers', () => failure(503, 'Vault is sealed'))
  t.same(issuersOf(await follow({ initial: 'background' })), [], 'none is there yet')
})

test('CRLs that will end and not be replaced are told at the start', async (t) => {
  const { vault, issuer, warnings } = await startMount(t)
  const cases = [
    [data({ auto_rebuild: true }), []],
    [failure(403, 'permission denied'), []],
    [data({ auto_rebuild: false, expiry: '72h' }), [/^the CRLs of pki end 72h after the last revocation and are not replaced \(auto_rebuild=false\)\. Then every peer is refused: bao write pki\/config\/crl auto_rebuild=true$/]],
    [data({ auto_rebuild: false }), [/^the CRLs of pki end and are not replaced/]],
    [data({ disable: true, auto_rebuild: true }), [/^the CRLs of pki are switched off \(disable=true\)/]]
  ] as const
  for (const [reply, expected] of cases) {
    vault.on('pki/config/crl', () => reply)
    const one = issuer({ revocation: { delta: false } })
    await ask(one)
    await ask(one)
    t.equal(warnings.length, expected.length)
    t.match(warnings.splice(0), expected)
  }
  vault.on('pki/config/crl', () => failure(503, 'Vault is sealed'))
  t.match(await rejection(ask(issuer({ revocation: { delta: false } }))), { reason: 'unavailable' })
})

test('a CRL that cannot be fetched: no certificate, and that is told', async (t) => {
  const { vault, issuer, ca } = await startMount(t)
  vault.on(`pki/issuer/${idOf(ca.root)}/crl/der`, () => failure(503, 'Vault is sealed'))
  t.match(await rejection(renewingCredentials(issuer({ revocation: { delta: false } }), { attempts: 1 })), { message: /crl\/der answered with status 503/ })
})

test('a CA that is new in the mount is followed, and the former still is', async (t) => {
  const { vault, ca, clock, follow } = await startMount(t)
  const later = await createDevCa({ name: 'Later CA' })
  const cas = [{ pem: ca.root }]
  serveIssuers(vault, () => cas)
  const checker = await follow({ refreshInterval: 30_000 })
  const [client, newcomer] = [await leafOf(ca), await leafOf(later)]
  t.match(await checkChain(checker, newcomer), { permitted: false, state: 'unknown' })
  cas.push({ pem: later.root })
  serveCrl(vault, later)
  later.revoke((await later.issue()).serialNumber!)
  const epoch = checker.epoch
  let told = 0
  checker.subscribe(() => { told += 1 })
  clock.advance(30_000)
  t.ok(await isSoon(() => told > 0))
  t.ok(checker.epoch > epoch)
  for (let turn = 0; turn < 100; turn++) await new Promise<void>((resolve) => { setImmediate(resolve) })
  t.equal(told, 1, 'once: the end of the checker before is no news')
  t.match(await checkChain(checker, client), { permitted: true })
  t.match(await checkChain(checker, newcomer), { permitted: true })
  later.revoke(newcomer.serialNumber!)
  t.match(await byIssuerKey(checker).check(newcomer, parsePeerIdentity(later.der)), { state: 'good' }, 'until the next fetch')
})

test('a list of CAs that cannot be read again is told, and the lists in use still count', async (t) => {
  const { vault, ca, clock, warnings, follow } = await startMount(t)
  const checker = await follow()
  vault.on('pki/issuers', () => failure(503, 'Vault is sealed'))
  clock.advance(60_000)
  t.ok(await isSoon(() => warnings.length === 1))
  t.match(warnings, [/^the list of CAs was not read again, so a new CA is unknown: OpenBao http.* answered 503: Vault is sealed/])
  t.match(await checkChain(checker, await leafOf(ca)), { permitted: true })
})

test('a list of CAs that never comes is given up', async (t) => {
  const { vault, clock, warnings, follow } = await startMount(t)
  await follow()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  t.teardown(() => { resolve(undefined) })
  vault.on('pki/issuers', async () => await promise)
  const asked = vault.next('pki/issuers')
  clock.advance(60_000)
  await asked
  clock.advance(10_000)
  t.ok(await isSoon(() => warnings.length === 1))
  t.match(warnings, [/no answer within 10000 ms/])
})

test('an intermediate whose revocation nothing tells', async (t) => {
  const { vault, ca, follow } = await startMount(t)
  const between = await ca.intermediate({ name: 'Between' })
  serveIssuers(vault, () => [{ pem: between.certificate, chain: [between.certificate, ca.root] }, { pem: ca.root, hasKey: false }], 'pki_int')
  serveCrl(vault, between, 'pki_int')
  const { message } = await rejection(follow({ mounts: ['pki_int'] }))
  t.match(message, /no CRL says whether the CA CN=Between.* is revoked: its issuer CN=Mount CA.* has none in pki_int\. Add the mount of that CA to revocation\.mounts, or accept it with revocation\.policy: { issuers: { "CN=Mount CA.*": "soft" } }/)
  const root = String(parsePeerIdentity(ca.der).subject)
  const soft = await follow({ mounts: ['pki_int'], policy: { issuers: { [root]: 'soft' } } })
  const client = parsePeerIdentity((await between.issue({ cn: 'client' })).der, { chain: [parsePeerIdentity(between.der), parsePeerIdentity(ca.der)] })
  t.match(await checkChain(soft, client), { permitted: true })
  const both = await follow({ mounts: ['pki_int', 'pki'], refreshInterval: 1_000 })
  t.match(await checkChain(both, client), { permitted: true, state: 'good' })
  ca.revoke(between.certificate)
  const later = await follow({ mounts: ['pki_int', 'pki'] })
  t.match(await checkChain(later, client), { permitted: false, state: 'revoked' })
})

test('background: every peer is refused until the lists are there', async (t) => {
  const { vault, ca, clock, follow } = await startMount(t)
  vault.on('pki/issuers', () => failure(503, 'Vault is sealed'))
  const planned = clock.nextTask((delay) => delay > 20_000)
  const checker = await follow({ initial: 'background' })
  const client = await leafOf(ca)
  t.match(await checkChain(checker, client), { permitted: false, state: 'unknown', why: 'no_crl' })
  t.match(byIssuerKey(checker).check(client, undefined), { why: 'no_crl' })
  await planned
  serveIssuers(vault, () => [{ pem: ca.root }])
  const told = new Promise<void>((resolve) => { checker.subscribe(resolve) })
  clock.advance(60_000)
  await told
  t.match(await checkChain(checker, client), { permitted: true })
})

test('a closed checker asks nobody', async (t) => {
  const { vault, ca, clock, follow } = await startMount(t)
  const checker = await follow()
  const end = checker.subscribe(() => {})
  end()
  await checker.close()
  const { length } = vault.seen
  clock.advance(600_000)
  t.match(await checkChain(checker, await leafOf(ca)), { permitted: false })
  t.equal(vault.seen.length, length)
})

test('closing while the CRLs of a new CA are fetched', async (t) => {
  const { vault, ca, follow } = await startMount(t)
  const { promise, resolve } = Promise.withResolvers<void>()
  const path = `pki/issuer/${idOf(ca.root)}/crl/der`
  vault.on(path, async () => { await promise; return { text: (await ca.crl()).pem } })
  const asked = vault.next(path)
  const checker = await follow({ initial: 'background' })
  await asked
  await checker.close()
  resolve()
  t.match(await checkChain(checker, await leafOf(ca)), { permitted: false })
})

/** A checker that answers what a test says. */
function fixed (status: RevocationStatus | Promise<RevocationStatus>, epoch = 1): ListedChecker & { closed: boolean, tell: () => void } {
  const made = {
    epoch,
    lists: [],
    closed: false,
    tell: () => {},
    check: () => status,
    permits: ({ state }: RevocationStatus) => state === 'good',
    subscribe (listener: () => void) { made.tell = listener; return () => { made.tell = () => {} } },
    async close () { made.closed = true }
  }
  return made
}

test('the CRL decides, and OCSP can only add a revocation', async (t) => {
  const { ca } = await startMount(t)
  const client = await leafOf(ca)
  const good = (source: 'crl' | 'ocsp', until: number) => ({ state: 'good', source, until } as const)
  const revoked = { state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined } as const
  const unknown = { state: 'unknown', why: 'ocsp_unavailable' } as const
  const both = (crl: RevocationStatus, ocsp: RevocationStatus | Promise<RevocationStatus>): RevocationChecker => {
    return crlAndOcsp({ crl: fixed(crl), ocsp: fixed(ocsp, 2), askAgain: 50, now: () => 100 })
  }
  t.match(await both(good('crl', 900), revoked).check(client, undefined), { state: 'revoked' })
  t.match(await both(good('crl', 900), Promise.resolve(revoked)).check(client, undefined), { state: 'revoked' })
  t.same(both(good('crl', 900), good('ocsp', 300)).check(client, undefined), good('crl', 300))
  t.same(both(good('crl', 200), good('ocsp', 300)).check(client, undefined), good('crl', 200))
  t.same(both(good('crl', 900), unknown).check(client, undefined), good('crl', 150), 'it is asked again')
  t.match(both({ ...revoked, source: 'crl' }, good('ocsp', 300)).check(client, undefined), { state: 'revoked' })
  t.match(both(unknown, good('ocsp', 300)).check(client, undefined), { state: 'unknown' }, 'its good replaces no list')
  t.match(byIssuerKey(both(good('crl', 900), revoked)).check(client, undefined), { state: 'revoked' })
  const [crl, ocsp] = [fixed(good('crl', 1)), fixed(unknown, 2)]
  const one = crlAndOcsp({ crl, ocsp, askAgain: 50, now: () => 100 })
  let told = 0
  const end = one.subscribe(() => { told += 1 })
  crl.tell()
  ocsp.tell()
  end()
  crl.tell()
  t.equal(told, 2)
  t.equal(one.epoch, 3)
  t.ok(one.permits(good('crl', 900), client))
  await one.close()
  t.same([crl.closed, ocsp.closed], [true, true])
})

test('OCSP is asked at the mount of the issuing CA, within two seconds', async (t) => {
  const { vault, ca, follow } = await startMount(t)
  vault.on('pki/ocsp', () => ({ status: 500 }))
  const checker = await follow({ ocsp: true })
  t.match(await checkChain(checker, await leafOf(ca)), { permitted: true }, 'a responder that fails changes nothing')
  t.equal(vault.calls('pki/ocsp').length, 1)
})
