import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { isSoon } from '@peerkit/test-support/turns'
import type { TrustChange, TrustSource } from '@peerkit/credentials'
import { SpiffeOptionError, spiffeBundle, spiffeTrust, writeBundleDocument } from '../../src/index.ts'
import type { BundleEndpointOptions, SpiffeTrustOptions } from '../../src/index.ts'
import { startEndpoint } from '../support/endpoint.ts'
import type { Endpoint } from '../support/endpoint.ts'
import { accepts, nextChange, stayAlive, TrustDomain } from '../support/world.ts'

const partner = await TrustDomain.make('partner.example')
const other = await TrustDomain.make('other.example')
const web = await createDevCa({ name: 'Web PKI' })
const webServer = await web.issue({ profile: 'server', ip: '127.0.0.1' })
const ID = 'spiffe://partner.example/bundle-server'
const spiffeServer = await partner.ca.issue({ spiffe: ID })
const second = await createDevCa({ name: 'second CA' })
const third = await createDevCa({ name: 'third CA' })
const documentOf = (sequence?: number, ...cas: string[]): string =>
  writeBundleDocument({ ca: cas.length === 0 ? [partner.ca.root] : cas, sequence, refreshHint: 60 })

interface World { readonly clock: ManualClock, readonly trust: TrustSource, readonly changes: TrustChange[], readonly told: () => string[] }

const base = { trustDomain: 'partner.example', profile: 'https_web', ca: web.root } as const

async function open (t: Test, endpoint: Endpoint, options: Partial<BundleEndpointOptions> = {}, more: Partial<SpiffeTrustOptions> = {}): Promise<World> {
  stayAlive(t)
  const clock = new ManualClock()
  const trust = await spiffeTrust({ bundles: [spiffeBundle({ ...base, url: endpoint.url, ...options })], clock, random: () => 0, ...more })
  t.after(async () => { await trust.close() })
  const changes: TrustChange[] = []
  trust.subscribe((change) => { changes.push(change) })
  return { clock, trust, changes, told: () => changes.splice(0).map(({ type }) => type) }
}

const overSpiffe = (options: Partial<BundleEndpointOptions> = {}): Partial<BundleEndpointOptions> =>
  ({ profile: 'https_spiffe', ca: undefined, endpointSpiffeId: ID, bootstrap: documentOf(1), ...options })

const names = ({ current }: TrustSource): string[] => current.anchors.map(({ subject }) => String(subject?.commonName))
const problemOf = (trust: TrustSource): string | undefined => trust.status?.().bundles[0]?.problem

async function folderOf (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-bundle-'))
  t.after(async () => { await rm(folder, { recursive: true, force: true }) })
  return folder
}

/** Fetches again, and waits until the next fetch is scheduled. */
async function again ({ clock }: World, delay = 60_000): Promise<void> {
  const next = clock.nextTask((wanted) => wanted !== 10_000)
  clock.advance(delay)
  await next
}

test('https_web: the bundle is in use, and a new one replaces it', async (t) => {
  const endpoint = await startEndpoint(t, webServer, documentOf(3))
  const world = await open(t, endpoint)
  const { trust, clock } = world
  t.match(trust.current.authorities, [{ name: 'partner.example', names: { spiffe: 'spiffe://partner.example' }, spiffeOnly: true, partial: true }])
  t.match(endpoint.requests[0], { method: 'GET', headers: { accept: 'application/json', 'accept-encoding': 'identity' } })
  t.match(trust.status?.(), { kind: 'bundles', state: 'live', problem: undefined, bundles: [{ authority: 'partner.example', origin: endpoint.url, sequence: 3, refreshedAt: clock.now(), nextRefresh: clock.now() + 60_000, problem: undefined }] })
  t.equal(await accepts(trust, partner, ID), 'accepted by partner.example')
  t.equal(await accepts(trust, partner, 'spiffe://other.example/x'), 'outside_authority')
  endpoint.serve(documentOf(4, partner.ca.root, second.root))
  const rotated = nextChange(trust, 'rotated')
  clock.advance(60_000)
  t.match(await rotated, { trustChanged: true })
  t.same(names(trust), ['CA of partner.example', 'second CA'])
  await again(world)
  t.same(world.told(), ['rotated'], 'an equal document is no change')
  await trust.close()
  t.equal(clock.waiting, 0)
  t.match(trust.status?.(), { state: 'closed' })
})

test('the pauses: hint within bounds, fixed, default, jitter', async (t) => {
  const endpoint = await startEndpoint(t, webServer)
  for (const [hint, options, random, expected] of [
    [60, {}, 0, 60_000], [undefined, {}, 0, 300_000], [0, {}, 0, 10_000], [1e12, {}, 0, 3_600_000], [60, { refresh: 5_000 }, 0, 5_000], [60, {}, 0.5, 57_000]
  ] as const) {
    endpoint.serve(writeBundleDocument({ ca: partner.ca.root, refreshHint: hint }))
    const { trust, clock } = await open(t, endpoint, options, { random: () => random })
    t.equal((trust.status?.().bundles[0]?.nextRefresh as number) - clock.now(), expected, `${String(hint)} ${random}`)
  }
})

test('a server that is away: the last good bundle stays, with growing pauses, told once', async (t) => {
  const endpoint = await startEndpoint(t, webServer, documentOf(3))
  const world = await open(t, endpoint, { retryLongest: 3_000 })
  const { clock, trust } = world
  await endpoint.stop()
  const refused = nextChange(trust, 'refused')
  clock.advance(60_000)
  t.match(await refused, { authority: 'partner.example', error: { code: 'MTLS_ERR_SPIFFE_BUNDLE_ENDPOINT', reason: 'unreachable', message: /ECONNREFUSED/ } })
  for (const delay of [1_000, 2_000, 3_000]) {
    t.equal((trust.status?.().bundles[0]?.nextRefresh as number) - clock.now(), delay)
    await again(world, delay)
  }
  t.match(trust.status?.(), { state: 'failing', bundles: [{ sequence: 3, problem: /ECONNREFUSED/ }] })
  t.same(names(trust), ['CA of partner.example'])
  t.same(world.told(), ['refused'])
  await endpoint.start()
  clock.advance(3_000)
  t.ok(await isSoon(() => world.changes.length > 0), 'the same document as before')
  t.match(world.changes, [{ type: 'recovered', authority: 'partner.example' }])
  t.match(trust.status?.(), { state: 'live', problem: undefined, since: clock.now() })
})

test('a first pause that is longer than the default of the longest one is the longest', async (t) => {
  const endpoint = await startEndpoint(t, webServer, documentOf(3))
  const { clock, trust } = await open(t, endpoint, { retryFirst: 90_000 })
  await endpoint.stop()
  clock.advance(60_000)
  for (let times = 1; times <= 2; times++) {
    t.ok(await isSoon(() => clock.delays.filter((delay) => delay === 90_000).length === times))
    clock.advance(90_000)
  }
  t.same(names(trust), ['CA of partner.example'])
})

test('an ETag saves the document', async (t) => {
  const endpoint = await startEndpoint(t, webServer, (request, response) => {
    if (request.headers['if-none-match'] === '"one"') response.writeHead(304).end()
    else response.writeHead(200, { etag: '"one"', 'content-type': 'application/json' }).end(documentOf(3))
  })
  const file = join(await folderOf(t), 'kept.json')
  const world = await open(t, endpoint, { file })
  const before = world.trust.status?.().bundles[0]?.refreshedAt as number
  await again(world)
  t.equal(world.trust.status?.().bundles[0]?.refreshedAt, before + 60_000)
  t.equal(Math.round((await stat(file)).mtimeMs), before + 60_000, 'the copy is confirmed too')
  t.equal(endpoint.requests[1]?.headers['if-none-match'], '"one"')
  await rm(file)
  await again(world)
  t.match(JSON.parse(await readFile(file, 'utf8')), { trust_domains: { 'partner.example': { spiffe_sequence: 3 } } }, 'a copy that was removed is written again')
  t.same(world.told(), [])
})

test('the sequence number must not go back', async (t) => {
  const endpoint = await startEndpoint(t, webServer, documentOf(5))
  const world = await open(t, endpoint)
  const { trust, clock } = world
  endpoint.serve(documentOf(4, second.root))
  const refused = nextChange(trust, 'refused')
  clock.advance(60_000)
  t.match(await refused, { error: { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'rolled_back', message: /the sequence number 4; the bundle in use has 5/ } })
  t.same(names(trust), ['CA of partner.example'])
  endpoint.serve(documentOf(5, second.root))
  clock.advance(1_000)
  t.ok(await isSoon(() => names(trust).join() === 'second CA'), 'an equal number with other CAs is used')
  endpoint.serve(writeBundleDocument({ ca: third.root }))
  clock.advance(60_000)
  t.ok(await isSoon(() => names(trust).join() === 'third CA'), 'without a number the last one counts')
  t.equal(trust.status?.().bundles[0]?.sequence, undefined)
})

test('a bundle without CAs withdraws the trust domain', async (t) => {
  const endpoint = await startEndpoint(t, webServer, documentOf(5))
  const { trust, clock } = await open(t, endpoint)
  endpoint.serve(JSON.stringify({ keys: [{ kty: 'EC', use: 'jwt-svid', kid: 'x' }], spiffe_sequence: 6, spiffe_refresh_hint: 60 }))
  const rotated = nextChange(trust, 'rotated')
  clock.advance(60_000)
  t.match(await rotated, { trustChanged: true, snapshot: { authorities: [], ca: [] } })
  t.equal(await accepts(trust, partner, ID), 'unknown_ca')
  endpoint.serve(documentOf(7))
  const back = nextChange(trust, 'rotated')
  clock.advance(60_000)
  await back
  t.equal(await accepts(trust, partner, ID), 'accepted by partner.example')
})

test('hostile answers: none is used, and each is named', async (t) => {
  const endpoint = await startEndpoint(t, webServer, documentOf(5))
  const { trust, clock } = await open(t, endpoint, { retryLongest: 1_000 })
  const json = { 'content-type': 'application/json' }
  const bad = documentOf(6, second.root)
  for (const [what, answer, error] of [
    ['a redirect', (_: unknown, r: any) => r.writeHead(302, { location: `${endpoint.url}?x` }).end(bad), { reason: 'redirect', message: /no redirect is followed/ }],
    ['304 that was not asked for', (_: unknown, r: any) => r.writeHead(304).end(), { reason: 'status', message: /HTTP status 304; expected 200/ }],
    ['404', (_: unknown, r: any) => r.writeHead(404, json).end(bad), { reason: 'status', message: /HTTP status 404/ }],
    ['206', (_: unknown, r: any) => r.writeHead(206, json).end(bad), { reason: 'status' }],
    ['gzip', (_: unknown, r: any) => r.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50 << 20))), { reason: 'content', message: /content encoding "gzip"/ }],
    ['HTML', (_: unknown, r: any) => r.writeHead(200, { 'content-type': 'text/html' }).end(bad), { reason: 'content', message: /content type "text\/html"/ }],
    ['a length of a gigabyte', (_: unknown, r: any) => r.writeHead(200, { ...json, 'content-length': String(2 ** 30) }).write('{'), { reason: 'too_large' }],
    ['a gigabyte', (_: unknown, r: any) => { r.writeHead(200, json); flood(r) }, { reason: 'too_large' }],
    ['garbage', 'garbage', { reason: 'malformed', message: /is not JSON/ }],
    ['no document', '[]', { reason: 'malformed' }],
    ['deep JSON', `{"keys":${'['.repeat(1e6)}`, { reason: 'malformed' }],
    ['a deep value', `{"keys":[],"x":${'['.repeat(1e6)}${']'.repeat(1e6)},"spiffe_sequence":-1}`, { reason: 'malformed' }],
    ['100,000 keys', JSON.stringify({ keys: Array(1e5).fill({ use: 'x509-svid' }) }), { reason: 'malformed' }],
    ['a cut answer', (_: unknown, r: any) => { r.writeHead(200, { ...json, 'content-length': '1000' }); r.write(bad.slice(0, 500)); r.socket.end() }, { reason: 'unreachable' }],
    ['no HTTP', (_: unknown, r: any) => r.socket.end('garbage\r\n\r\n'), { reason: 'unreachable' }]
  ] as const) {
    endpoint.serve(answer as never)
    const refused = nextChange(trust, 'refused')
    clock.advance(60_000)
    t.match(await refused, { authority: 'partner.example', error }, what)
    t.same(names(trust), ['CA of partner.example'])
    endpoint.serve(documentOf(5))
    const recovered = nextChange(trust, 'recovered')
    clock.advance(1_000)
    await recovered
  }
})

function flood (response: { write (chunk: Buffer): boolean, closed: boolean }): void {
  response.write(Buffer.alloc(1 << 20, 0x20))
  if (!response.closed) setImmediate(() => { flood(response) })
}

test('an answer that drips ends after the time limit', async (t) => {
  const endpoint = await startEndpoint(t, webServer, documentOf(5))
  const { trust, clock } = await open(t, endpoint)
  const asked = new Promise<void>((resolve) => {
    endpoint.serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
      resolve()
    })
  })
  clock.advance(60_000)
  await asked
  const refused = nextChange(trust, 'refused')
  clock.advance(10_000)
  t.match(await refused, { error: { reason: 'timeout', message: /no whole answer within 10000 ms/ } })
})

test('https_web: without the option ca, the message names it and no option of Node', async (t) => {
  const endpoint = await startEndpoint(t, await web.issue({ profile: 'server', ip: '127.0.0.1' }), documentOf(5))
  stayAlive(t)
  const clock = new ManualClock()
  const scheduled = clock.nextTask((delay) => delay === 1_000)
  const starting = spiffeTrust({ bundles: [spiffeBundle({ ...base, ca: undefined, url: endpoint.url })], clock, random: () => 0 })
  starting.catch(() => {})
  await scheduled
  clock.advance(30_000)
  await t.rejects(starting, { message: /https:\/\/127\.0\.0\.1:\d+\/bundle\.json failed: [A-Z_]+ \([^();]+\); the option ca names other CAs/ })
})

test('https_web: the certificate must be for the host, and of a CA that is trusted', async (t) => {
  for (const [certificate, message] of [
    [await web.issue({ profile: 'server', dns: 'elsewhere.example' }), /a certificate for "DNS:elsewhere\.example"; expected one for 127\.0\.0\.1/],
    [await other.ca.issue({ profile: 'server', ip: '127.0.0.1' }), /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER/],
    [await web.issue({ profile: 'server', ip: '127.0.0.1', notAfter: new Date(Date.now() - 1_000) } as never), /CERT_HAS_EXPIRED/]
  ] as const) {
    const endpoint = await startEndpoint(t, certificate, documentOf(5))
    stayAlive(t)
    const clock = new ManualClock()
    const scheduled = clock.nextTask((delay) => delay === 1_000)
    const starting = spiffeTrust({ bundles: [spiffeBundle({ ...base, url: endpoint.url })], clock, random: () => 0 })
    starting.catch(() => {})
    await scheduled
    clock.advance(30_000)
    await t.rejects(starting, { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'empty', message })
    t.equal(endpoint.requests.length, 0, 'nothing was asked')
    t.equal(clock.waiting, 0)
  }
})

test('https_spiffe: the SVID of the server must be the one that is expected', async (t) => {
  const endpoint = await startEndpoint(t, spiffeServer, documentOf(5))
  const { trust, clock } = await open(t, endpoint, overSpiffe({ retryLongest: 1_000 }))
  t.match(trust.status?.().bundles, [{ sequence: 5, problem: undefined }], 'no host name is needed')
  const impostor = await other.ca.issue({ spiffe: ID })
  for (const [what, certificate, message] of [
    ['another ID', await partner.ca.issue({ spiffe: 'spiffe://partner.example/other' }), /has the SPIFFE ID spiffe:\/\/partner\.example\/other; expected/],
    ['the ID of another trust domain', await partner.ca.issue({ spiffe: 'spiffe://other.example/bundle-server' }), /outside|other\.example/],
    ['a CA of another trust domain', impostor, /certificate|issuer|SIGNATURE/i],
    ['no SPIFFE ID', await partner.ca.issue({ ip: '127.0.0.1' }), /is not an X\.509-SVID/],
    ['two URIs', await partner.ca.issue({ uri: [ID, 'https://partner.example'] }), /is not an X\.509-SVID/],
    ['an expired one', await partner.ca.issue({ spiffe: ID, notAfter: new Date(Date.now() - 1_000) } as never), /CERT_HAS_EXPIRED/],
    ['a client\'s', await partner.ca.issue({ spiffe: ID, profile: 'client' }), /INVALID_PURPOSE|purpose/i]
  ] as const) {
    endpoint.present(certificate)
    endpoint.serve(documentOf(6, second.root))
    const count = endpoint.requests.length
    const told = nextChange(trust)
    clock.advance(problemOf(trust) === undefined ? 60_000 : 1_000)
    if (!t.match(await told, { type: 'refused', error: { code: 'MTLS_ERR_SPIFFE_BUNDLE_ENDPOINT', reason: 'server', message } }, what)) return
    t.equal(endpoint.requests.length, count, 'nothing was asked')
    t.same(names(trust), ['CA of partner.example'])
  }
})

test('https_spiffe: the server is verified with the last bundle that was fetched', async (t) => {
  const endpoint = await startEndpoint(t, spiffeServer, documentOf(5, partner.ca.root, second.root))
  const { trust, clock } = await open(t, endpoint, overSpiffe())
  endpoint.present(await second.issue({ spiffe: ID }))
  endpoint.serve(documentOf(6, second.root))
  const rotated = nextChange(trust, 'rotated')
  clock.advance(60_000)
  await rotated
  t.same(names(trust), ['second CA'])
  endpoint.present(spiffeServer)
  const refused = nextChange(trust, 'refused')
  clock.advance(60_000)
  t.match(await refused, { error: { reason: 'server' } }, 'the CA that left counts no more')
})

test('https_spiffe: a server of another trust domain is verified with its bundle', async (t) => {
  const server = await other.ca.issue({ spiffe: 'spiffe://other.example/bundles' })
  const endpoint = await startEndpoint(t, server, documentOf(5))
  const source = await startEndpoint(t, webServer, writeBundleDocument({ ca: other.ca.root }))
  stayAlive(t)
  const trust = await spiffeTrust({
    bundles: [
      spiffeBundle({ trustDomain: 'partner.example', url: endpoint.url, profile: 'https_spiffe', endpointSpiffeId: 'spiffe://other.example/bundles' }),
      spiffeBundle({ ...base, trustDomain: 'other.example', url: source.url })
    ]
  })
  t.same(trust.current.authorities.map(({ name }) => name), ['other.example', 'partner.example'])
  await trust.close()
  const alone = spiffeTrust({ bundles: [spiffeBundle({ trustDomain: 'partner.example', url: endpoint.url, profile: 'https_spiffe', endpointSpiffeId: 'spiffe://other.example/bundles' })], waitFor: 50 })
  await t.rejects(alone, { reason: 'empty', message: /there is no bundle of other\.example/ })
})

test('a start while the endpoint is away: the copy on disk, then the bootstrap', async (t) => {
  const file = join(await folderOf(t), 'kept.json')
  const endpoint = await startEndpoint(t, webServer, documentOf(5, second.root))
  await (await open(t, endpoint, { file })).trust.close()
  t.equal((await stat(file)).mode & 0o777, 0o600)
  await endpoint.stop()
  const { trust } = await open(t, endpoint, { file, bootstrap: documentOf(4) })
  t.same(names(trust), ['second CA'])
  t.match(trust.status?.().bundles, [{ sequence: 5, problem: /ECONNREFUSED/ }])
  t.same(names((await open(t, endpoint, { file, bootstrap: documentOf(6) })).trust), ['CA of partner.example'], 'a newer bootstrap counts')
  t.same(names((await open(t, endpoint, { bootstrap: partner.ca.root })).trust), ['CA of partner.example'], 'PEM')
  await endpoint.start()
  endpoint.serve(documentOf(4))
  const late = await open(t, endpoint, { file })
  t.match(problemOf(late.trust), /the sequence number 4; the bundle in use has 5/, 'the copy counts against a rollback')
  t.same(names(late.trust), ['second CA'])
})

test('a clock that is set back by a day does not put off the next fetch', async (t) => {
  stayAlive(t)
  const endpoint = await startEndpoint(t, webServer, documentOf(1))
  const timers = new ManualClock()
  let back = 0
  const clock = { now: () => timers.now() - back, schedule: (task: () => void, delay: number) => timers.schedule(task, delay) }
  const trust = await spiffeTrust({ bundles: [spiffeBundle({ ...base, url: endpoint.url })], clock, random: () => 0 })
  t.after(async () => { await trust.close() })
  back = 86_400_000
  const next = timers.nextTask((wanted) => wanted !== 10_000)
  timers.advance(60_000)
  await next
  t.equal(endpoint.requests.length, 2)
})

test('a copy that is confirmed is one: not if somebody changed it, or if the bootstrap was what was fetched', async (t) => {
  const file = join(await folderOf(t), 'kept.json')
  const endpoint = await startEndpoint(t, webServer, documentOf(5))
  const kept = async (): Promise<unknown> => JSON.parse(await readFile(file, 'utf8')).trust_domains?.['partner.example']?.spiffe_sequence
  await writeFile(file, 'garbage')
  const world = await open(t, endpoint, { file, bootstrap: documentOf(5) })
  t.equal(await kept(), 5)
  const copyOf = (document: string): string => JSON.stringify({ trust_domains: { 'partner.example': JSON.parse(document) } })
  for (const content of ['{"trust_', '{"trust_domains":{}}', copyOf(documentOf(4)), copyOf(documentOf(5, second.root))]) {
    await writeFile(file, content)
    await again(world)
    t.same([await kept(), await readFile(file, 'utf8') === content], [5, false], content.slice(0, 100))
  }
  await writeFile(file, copyOf(documentOf(6)))
  await again(world)
  t.equal(await kept(), 6, 'that of a process that is further stays')
  await utimes(file, 4e9, 4e9)
  await endpoint.stop()
  const { trust, clock } = await open(t, endpoint, { file })
  t.match(trust.status?.().bundles, [{ sequence: 6, refreshedAt: clock.now() }], 'nothing was got in the future')
})

test('a secret in the place of the copy is not quoted', async (t) => {
  const file = join(await folderOf(t), 'password')
  await writeFile(file, 'hunter2')
  const { trust } = await open(t, await startEndpoint(t, webServer, documentOf(5)), { file })
  t.match(trust.current.warnings, [/the kept bundle of partner\.example is not used: .* is not JSON: /])
  t.notMatch(trust.current.warnings.join(), /hunter/)
})

test('a copy that is broken is never used, and is replaced', async (t) => {
  const file = join(await folderOf(t), 'kept.json')
  const endpoint = await startEndpoint(t, webServer, documentOf(5))
  const wrong = JSON.stringify({ trust_domains: { 'other.example': JSON.parse(documentOf(5)) } })
  for (const content of ['', '{"trust_domains":', wrong, documentOf(5)]) {
    await endpoint.stop()
    await writeFile(file, content)
    await t.rejects(spiffeTrust({ bundles: [spiffeBundle({ ...base, url: endpoint.url, file })], waitFor: 50 }), { message: /no bundle within 50 ms/ })
    await endpoint.start()
    const { trust } = await open(t, endpoint, { file })
    t.equal(problemOf(trust), undefined)
    t.match(trust.current.warnings, [/the kept bundle of partner\.example is not used: .*kept\.json/], 'it is told')
    t.match(JSON.parse(await readFile(file, 'utf8')), { trust_domains: { 'partner.example': { spiffe_sequence: 5 } } })
  }
  const { trust } = await open(t, endpoint, { file: join(file, 'below-a-file.json') })
  t.equal(problemOf(trust), undefined, 'a copy that cannot be written stops nothing')
})

test('a name of the host, and a query that is not shown', async (t) => {
  const named = await web.issue({ profile: 'server', dns: 'localhost' })
  const endpoint = await startEndpoint(t, named, documentOf(5))
  const { port } = new URL(endpoint.url)
  const { trust } = await open(t, endpoint, { url: `https://localhost.:${port}/bundle?token=secret` })
  t.equal(endpoint.requests[0]?.url, '/bundle?token=secret')
  t.match(trust.status?.(), { origin: `https://localhost.:${port}/bundle`, state: 'live' })
  t.notMatch(JSON.stringify(trust.status?.()), /secret/)
})

test('a source of bundles keeps no process alive', async (t) => {
  const endpoint = await startEndpoint(t, webServer, documentOf(5))
  const script = `
    const { spiffeBundle, spiffeTrust } = await import('@peerkit/spiffe')
    const [, url, ca] = process.argv
    const { current } = await spiffeTrust({ bundles: [spiffeBundle({ trustDomain: 'partner.example', profile: 'https_web', url, ca })] })
    console.log(current.authorities.length)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@peerkit/source', '--input-type=module', '--eval', script, endpoint.url, web.root], { cwd: import.meta.dirname })
  t.equal(stdout, '1\n')
})

test('options that are wrong', (t) => {
  const given = { trustDomain: 'partner.example', url: 'https://partner.example/x', profile: 'https_web' } as const
  const spiffe = { ...given, profile: 'https_spiffe', endpointSpiffeId: ID } as const
  for (const [options, message] of [
    [{ ...given, trustDomain: 'UPPER' }, /trustDomain/],
    [{ ...given, url: 'http://partner.example' }, /url/],
    [{ ...given, url: 'https://user:secret@partner.example' }, /url is (?!.*secret)/],
    [{ ...given, profile: 'web' }, /profile/],
    [{ ...given, endpointSpiffeId: ID }, /endpointSpiffeId is set; expected it with the profile https_spiffe alone/],
    [{ ...given, ca: 'no PEM' }, /ca/],
    [{ ...given, ca: [] }, /ca/],
    [{ ...given, retryFirst: 10, retryLongest: 5 }, /retryLongest/],
    [{ ...given, colour: 1 }, /colour/],
    [{ ...given, bootstrap: '{}' }, /^Invalid SPIFFE option: bootstrap: keys/],
    [{ ...given, bootstrap: 'garbage' }, /bootstrap: /],
    [{ ...spiffe, endpointSpiffeId: undefined }, /endpointSpiffeId is missing/],
    [{ ...spiffe, endpointSpiffeId: 'spiffe://partner.example' }, /endpointSpiffeId/],
    [{ ...spiffe, ca: web.root, bootstrap: partner.ca.root }, /ca is set/],
    [spiffe, /bootstrap is missing; expected the bundle of partner\.example/]
  ] as const) {
    t.throws(() => spiffeBundle(options as BundleEndpointOptions), { constructor: SpiffeOptionError, message } as never, JSON.stringify(options).slice(0, 80))
  }
  t.end()
})
