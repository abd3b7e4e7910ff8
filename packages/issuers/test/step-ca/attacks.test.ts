import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { test } from 'tap'
import type { Test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import type { TimedCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { createCertificateRequest } from '@peerkit/issuers'
import type { RequestedNames } from '@peerkit/issuers'
import { stepCaIssuer } from '@peerkit/issuers/step-ca'
import type { StepCaIssuer, StepCaIssuerOptions } from '@peerkit/issuers/step-ca'
import { CaseWorld } from '../../src/test/issuer-world.ts'
import { startStandIn } from '../support/https-server.ts'
import type { StandIn } from '../support/https-server.ts'
import { startStepCa, tokenOf } from '../support/stand-in-step-ca.ts'
import type { Answer } from '../support/stand-in-step-ca.ts'
import { replyOf } from '../support/world-reply.ts'

const TOKEN = tokenOf({ iss: 'operator' })

/** In a folder of its own. */
function writeRoots (t: Test, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-step-ca-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  writeFileSync(join(folder, 'roots.pem'), text)
  return join(folder, 'roots.pem')
}

interface Setup {
  readonly server: StandIn
  readonly world: CaseWorld
  readonly issuer: StepCaIssuer
  start (): Promise<TimedCredentials>
}

async function setUp (t: Test, answer: Answer, more: Partial<StepCaIssuerOptions> = {}): Promise<Setup> {
  const world = await CaseWorld.create()
  const server = await startStepCa(world, answer)
  t.teardown(server.close)
  const root = writeRoots(t, server.root + world.root)
  const issuer = stepCaIssuer({
    url: server.url, root, names: { cn: 'ledger', dns: ['ledger.example'] }, enrol: { token: () => TOKEN }, clock: () => world.clock.now(), ...more
  })
  return {
    server,
    world,
    issuer,
    async start () {
      const source = await renewingCredentials(issuer, { attempts: 1, clock: world.clock })
      t.teardown(async () => { await source.close() })
      return source
    }
  }
}

/** Everything of an error that somebody may write down. */
function showAll (error: unknown): string { return inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error) }

/** A request of another key, for other names. */
async function requestFor (names: RequestedNames): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return (await createCertificateRequest(privateKey, names)).pem
}

async function failure (work: Promise<unknown>): Promise<any> {
  return await work.then(() => { throw new Error('it should have failed') }, (error) => error)
}

test('a redirect is not followed, and the token goes nowhere', async (t) => {
  const elsewhere = await startStandIn(() => ({ body: {} }))
  t.teardown(elsewhere.close)
  const { start } = await setUp(t, ({ path }) => path === '/1.0/sign' ? { status: 307, headers: { location: `${elsewhere.url}/1.0/sign` } } : undefined)
  t.match(await failure(start()), { cause: { code: 'MTLS_ERR_ISSUER', reason: 'answer', status: 307 } })
  t.same(elsewhere.received, [])
})

test('a token that step-ca sends back is in no error', async (t) => {
  const { start } = await setUp(t, ({ path, body }) => path === '/1.0/sign' ? { status: 400, body: { message: `bad token ${body.ott}` } } : undefined)
  const error = await failure(start())
  t.match(error, { cause: { reason: 'refused', message: /bad token …/ } })
  t.notMatch(showAll(error), TOKEN)
})

test('a certificate that lacks a name, at enrolment and at renewal', async (t) => {
  let alone: string | undefined
  const { start, world } = await setUp(t, async ({ path }) => {
    if (path !== alone) return undefined
    const answer = await world.answer(await requestFor({ dns: ['admin.example'] }))
    return answer.type === 'issued' ? { body: { certChain: [answer.leaf, ...answer.intermediates] } } : undefined
  })
  alone = '/1.0/sign'
  const lacks = /the certificate lacks names\.cn "ledger", names\.dns "ledger\.example"; expected all that were asked for \(the token and the template of the provisioner decide\)/
  t.match(await failure(start()), { cause: { reason: 'answer', message: lacks } })
  alone = '/1.0/rekey'
  const source = await start()
  t.match(await failure(source.refresh()), { cause: { reason: 'answer', message: lacks } })
})

test('what is no token is refused, and not shown', async (t) => {
  for (const value of ['hunter2-is-the-password', '', undefined, 7]) {
    const { start, server } = await setUp(t, () => undefined, { enrol: { token: () => value as string } })
    const error = await failure(start())
    t.match(error, { cause: { reason: 'refused', message: /enrol\.token\(\) gave (a string of \d+ characters|undefined|number); expected a token \(JWT\)/ } })
    t.notMatch(showAll(error), 'hunter2')
    t.same(server.received, [])
  }
})

test('a server of another CA gets no request', async (t) => {
  const other = await startStandIn(() => ({ body: {} }))
  t.teardown(other.close)
  const { start } = await setUp(t, () => undefined, { url: other.url })
  t.match(await failure(start()), { cause: { reason: 'unreachable', message: /leads to no trusted CA \([A-Z_]+\); expected the root certificate of the option root or fingerprint$/ } })
  t.same(other.received, [])
})

test('a server with another name of the same CA gets no request', async (t) => {
  const other = await startStandIn(() => ({ body: {} }), { names: { dns: ['127.0.0.1.example'], ip: ['127.0.0.2'] } })
  t.teardown(other.close)
  const root = writeRoots(t, other.root)
  for (const url of [other.url, other.url.replace('127.0.0.1', 'localhost')]) {
    const { start } = await setUp(t, () => undefined, { url, root })
    t.match(await failure(start()), { cause: { reason: 'unreachable', message: /the certificate of the server is for DNS:127\.0\.0\.1\.example, IP Address:127\.0\.0\.2; expected (127\.0\.0\.1|localhost)/ } })
  }
  t.same(other.received, [])
})

test('a wrong root for a fingerprint is refused before a token is sent', async (t) => {
  const world = await CaseWorld.create()
  const { root: forged } = await createDevCa()
  const fingerprint = fingerprintOf(world.root)
  for (const ca of [forged, `${forged}${world.root}`, '', 'PEM', 7]) {
    const { start, server } = await setUp(t, ({ path }) => path.startsWith('/root/') ? { body: { ca } } : undefined, { root: undefined, fingerprint })
    t.match(await failure(start()), { cause: { reason: 'answer', message: /has the fingerprint ([0-9a-f]{64}|none); expected [0-9a-f]{64}/ } })
    t.same(server.received.map(({ path }) => path), [`/root/${fingerprint}`])
  }
})

test('the root of a fingerprint is fetched once, and is the only CA', async (t) => {
  const world = await CaseWorld.create()
  const server: StandIn = await startStepCa(world, ({ path }) => path.startsWith('/root/') ? { body: { ca: server.root } } : undefined)
  t.teardown(server.close)
  const fingerprint = fingerprintOf(server.root).toUpperCase().replace(/..(?!$)/g, '$&:')
  const issuer = stepCaIssuer({ url: server.url, fingerprint, names: { cn: 'ledger' }, enrol: { token: () => TOKEN }, trust: 'roots', clock: () => world.clock.now() })
  const source = await renewingCredentials(issuer, { attempts: 1, clock: world.clock })
  t.teardown(async () => { await source.close() })
  await source.refresh()
  t.same(server.received.map(({ path }) => path), [`/root/${fingerprintOf(server.root)}`, '/1.0/sign', '/roots', '/1.0/rekey', '/roots'])
})

test('a certificate that has ended enrols again, as after a clock that jumped', async (t) => {
  let jump = 0
  const { start, server } = await setUp(t, () => undefined, { clock: () => Date.now() + jump })
  const source = await start()
  await source.refresh()
  jump = 25 * 3_600_000
  await source.refresh()
  t.same(server.received.map(({ path, presented }) => [path, presented !== undefined]), [
    ['/1.0/sign', false], ['/1.0/rekey', true], ['/1.0/sign', false]
  ])
})

test('a refused renewal says why, and does not enrol a service that was cut off', async (t) => {
  const { start, server } = await setUp(t, ({ path }) => path === '/1.0/rekey' ? { status: 401, body: { message: 'see the logs' } } : undefined)
  const source = await start()
  const error = await failure(source.refresh())
  t.match(error, { cause: { reason: 'denied', status: 401, message: /see the logs.*\(step-ca renews no certificate that is revoked/ } })
  t.notMatch(showAll(error), source.current.key)
  t.equal(server.received.filter(({ path }) => path === '/1.0/sign').length, 1)
})

test('with renew enrol every certificate needs a token', async (t) => {
  const { start, server } = await setUp(t, () => undefined, { renew: 'enrol' })
  await (await start()).refresh()
  t.same(server.received.map(({ path }) => path), ['/1.0/sign', '/1.0/sign'])
})

test('a root of the federation is trusted, and does not authenticate step-ca', async (t) => {
  const partner = await startStandIn(() => ({ body: {} }))
  t.teardown(partner.close)
  const { start, world, server } = await setUp(t, ({ path }) => path === '/federation' ? { status: 201, body: { crts: [partner.root] } } : undefined, { trust: 'federation' })
  const source = await start()
  t.same(source.current.ca, [world.root, partner.root].map((pem) => new X509Certificate(pem).toString()))
  const root = writeRoots(t, server.root + world.root)
  const other = stepCaIssuer({ url: partner.url, root, names: { cn: 'ledger' }, enrol: { token: () => TOKEN }, trust: 'federation' })
  t.match(await failure(renewingCredentials(other, { attempts: 1 })), { cause: { reason: 'unreachable' } })
  t.same(partner.received, [])
})

test('answers that are not of the API', async (t) => {
  const answers: Array<readonly [path: string, body: unknown, message: RegExp]> = [
    ['/1.0/sign', { certChain: [] }, /\/1\.0\/sign answered with certChain: .*; expected a list of PEM certificates/],
    ['/1.0/sign', { certChain: 'PEM' }, /certChain: "PEM"/],
    ['/1.0/sign', { certChain: ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'] }, /expected a list of PEM/],
    ['/roots', { crts: ['nothing'] }, /\/roots answered with crts: .*; expected a list of PEM certificates/],
    ['/roots', { crts: [{ toString: 0, valueOf: 0 }] }, /crts: .*; expected a list/],
    ['/roots', {}, /crts: .*; expected a list/],
    ['/federation', { crts: [] }, /\/federation answered with/]
  ]
  for (const [path, body, message] of answers) {
    const { start } = await setUp(t, (received) => received.path === path ? { body } : undefined, { trust: 'federation' })
    t.match(await failure(start()), { cause: { reason: 'answer', message } }, `${path} ${JSON.stringify(body)}`)
  }
})

test('an older answer has the leaf and one intermediate', async (t) => {
  const prepared: Setup = await setUp(t, async ({ path, body }) => {
    if (path !== '/1.0/sign') return undefined
    return await replyOf(prepared.world, body.csr, ({ leaf, intermediates: [ca] }) => ({ body: { crt: leaf, ca } }))
  })
  t.equal((await prepared.start()).current.intermediates.length, 1)
})

test('a list of provisioners without an end is read for a while', async (t) => {
  const { start, server } = await setUp(t, ({ path }) => {
    if (path === '/1.0/sign') return { status: 403, body: { message: 'see the logs' } }
    return path.startsWith('/provisioners') ? { body: { provisioners: [{ name: 'other', type: 'JWK' }], nextCursor: 'again' } } : undefined
  })
  t.match(await failure(start()), { cause: { reason: 'denied', message: /it has no provisioner operator; it has other \(JWK\)/ } })
  t.equal(server.received.filter(({ path }) => path.startsWith('/provisioners')).length, 20)
})

test('a refusal that step-ca does not explain', async (t) => {
  const provisioners = [{ name: 'operator', type: 'JWK' }, null, { name: { toString: 0, valueOf: 0 }, type: [], claims: 7 }]
  const cases: ReadonlyArray<readonly [body: unknown, token: string, message: RegExp]> = [
    [{ provisioners }, TOKEN, /see the logs"} \(the log of step-ca has the reason\)$/],
    [{ provisioners: [] }, tokenOf({}), /\(the token names no issuer; it has none\)/],
    [{}, TOKEN, /it has no provisioner operator; it has none/],
    ['<html>', TOKEN, /see the logs"}$/],
    [{ provisioners }, 'a.b.c', /see the logs"}$/]
  ]
  for (const [body, token, message] of cases) {
    const { start } = await setUp(t, ({ path }) => path === '/1.0/sign' ? { status: 403, body: { message: 'see the logs' } } : { body }, { enrol: { token: () => token } })
    t.match(await failure(start()), { cause: { reason: 'denied', status: 403, message } })
  }
})

test('a token that is not accepted, or has a line break', async (t) => {
  const provisioners = [{ name: 'operator', type: 'JWK' }]
  const refuse: Answer = ({ path }) => path === '/1.0/sign' ? { status: 401, body: { message: 'see the logs' } } : { body: { provisioners } }
  const cases: ReadonlyArray<readonly [claims: object, message: RegExp]> = [
    [{ iss: 'operator' }, /\(a token is good for one certificate and for minutes: this one was used before.*; the log of step-ca has the reason\)$/],
    [{ iss: 'operator', exp: 1_000_000_000 }, /\(the token ended at 2001-09-09T01:46:40\.000Z: get a new one; the log/],
    [{ iss: 'operator', exp: 9_000_000_000 }, /\(a token is good for one certificate/],
    [{ iss: 'operator', exp: 1e300 }, /\(a token is good for one certificate/],
    [{ iss: 'operator', exp: -1e300 }, /\(a token is good for one certificate/]
  ]
  for (const [claims, message] of cases) {
    const { start, server } = await setUp(t, refuse, { enrol: { token: () => `${tokenOf(claims)}\n` } })
    t.match(await failure(start()), { cause: { reason: 'denied', status: 401, message } })
    t.match(server.received[0], { path: '/1.0/sign', body: { ott: tokenOf(claims) } }, 'without the line break')
  }
  const { start } = await setUp(t, refuse, { lifetime: 172_800_000 })
  t.match(await failure(start()), { cause: { message: /used before.*; the provisioner operator \(JWK\) has the limits of its CA \(5m0s to 24h0m0s unless configured\), and 172800 s were asked for; the log/ } })
})

test('a certificate is revoked by itself', async (t) => {
  const { start, server, issuer, world } = await setUp(t, () => undefined)
  const { current } = await start()
  await issuer.revoke(current, { reason: 'the service has ended' })
  t.match(server.received.at(-1), {
    path: '/1.0/revoke', body: { serial: `0x${current.identity.serialNumber}`, reasonCode: 5, reason: 'the service has ended', passive: true }, presented: new X509Certificate(current.cert).raw
  })
  await t.rejects(issuer.revoke(current, { reasonCode: 11 }), { code: 'MTLS_ERR_ISSUER_OPTION', message: /reasonCode is 11; expected a whole number from 0 to 10/ })
  t.ok(world)
})

test('a shutdown does not wait for a step-ca that is silent', async (t) => {
  const { start, issuer } = await setUp(t, async ({ path }) => path === '/1.0/revoke' ? await new Promise<undefined>(() => {}) : undefined)
  const { current } = await start()
  await t.rejects(issuer.revoke(current, { timeout: 100 }), { code: 'MTLS_ERR_ISSUER', reason: 'unreachable', message: /no answer to the revocation within 100 ms/ })
})

test('a certificate whose key is in a token cannot revoke itself', async (t) => {
  const { start, issuer, server } = await setUp(t, () => undefined)
  const { cert, identity } = (await start()).current
  const { length } = server.received
  await t.rejects(issuer.revoke({ cert, identity, key: undefined as never }), { reason: 'refused', message: /the key of the certificate is in a token; expected one in memory/ })
  t.equal(server.received.length, length)
})

test('a revocation that is not confirmed is an error', async (t) => {
  const { start, issuer } = await setUp(t, ({ path }) => path === '/1.0/revoke' ? { body: { status: 'later' } } : undefined)
  const { current } = await start()
  await t.rejects(issuer.revoke(current), { reason: 'answer', message: /\/1\.0\/revoke answered with the status "later"; expected "ok"/ })
})

test('the file of the roots is read for each call', async (t) => {
  const root = writeRoots(t, '')
  rmSync(root)
  const { start, server, world } = await setUp(t, () => undefined, { root })
  t.match(await failure(start()), { cause: { reason: 'refused', message: /root \(.*roots\.pem\): found no such file; expected PEM certificates/ } })
  writeFileSync(root, 'no certificate')
  t.match(await failure(start()), { cause: { message: /found no certificate; expected PEM/ } })
  writeFileSync(root, server.root + world.root)
  t.ok(await start())
})

function fingerprintOf (pem: string): string { return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex') }
