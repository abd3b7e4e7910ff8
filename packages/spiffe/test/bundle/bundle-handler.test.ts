import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { test } from 'tap'
import type { Test } from 'tap'
import { memoryTrust } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { SpiffeOptionError, bundleHandler, parseBundleDocument, spiffeBundleFile, spiffeCredentials, spiffeTrust, writeBundleDocument } from '../../src/index.ts'
import { nextSequence } from '../../src/bundle/sequence.ts'
import { startAgent } from '../support/agent.ts'
import { nextChange, stayAlive, TrustDomain } from '../support/world.ts'

const prod = await TrustDomain.make('prod.example')
const next = await createDevCa({ name: 'next CA', notBefore: new Date() })

const trustOf = (...cas: string[]): ReturnType<typeof memoryTrust> =>
  memoryTrust({ authorities: { 'prod.example': { ca: cas, names: { spiffe: 'spiffe://prod.example' }, spiffeOnly: true } } })

test('the bundle of our own trust domain over node:http', async (t) => {
  stayAlive(t)
  const agent = await startAgent(t)
  agent.push(await prod.response({ federatedBundles: { 'spiffe://partner.example': (await TrustDomain.make('partner.example')).bundle } }))
  const credentials = await spiffeCredentials({ socket: agent.address })
  t.after(async () => { await credentials.close() })
  const server = createServer(bundleHandler(credentials)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.close() })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/anything`
  const response = await fetch(url)
  const text = await response.text()
  t.match(Object.fromEntries(response.headers), { 'content-type': 'application/json', 'cache-control': 'no-cache', etag: /^"[\w-]{43}"$/, 'content-length': String(text.length) })
  const document = parseBundleDocument(text, 'prod.example', 'it')
  t.match(document, { refreshHint: 300, ca: { length: 1 } })
  t.match(document.anchors[0]?.subject?.commonName, 'CA of prod.example')
  const etag = response.headers.get('etag') as string
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const again = await fetch(url, { headers: { 'if-none-match': known } })
    t.equal(again.status, 304, known)
    t.equal(await again.text(), '')
  }
  const head = await fetch(url, { method: 'HEAD' })
  t.match([head.status, head.headers.get('content-length'), await head.text()], [200, String(text.length), ''])
  const post = await fetch(url, { method: 'POST', body: 'x' })
  t.match([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
  const rotated = nextChange(credentials, 'rotated')
  agent.push({ svids: [{ ...await prod.svid(), bundle: Buffer.concat([prod.bundle, Buffer.from(next.root.replace(/-----.*-----|\n/g, ''), 'base64')]) }] })
  await rotated
  const after = parseBundleDocument(await (await fetch(url, { headers: { 'if-none-match': etag } })).text(), 'prod.example', 'it')
  t.equal(after.ca.length, 2)
  t.ok(after.sequence as number > (document.sequence as number))
})

test('a route of Fastify', async (t) => {
  const trust = trustOf(prod.ca.root)
  const app = Fastify()
  t.after(async () => {
    await app.close()
    await trust.close()
  })
  app.get('/bundle.json', bundleHandler(trust, { trustDomain: 'prod.example', refreshHint: 60, sequence: () => 42 }))
  app.get('/other.json', bundleHandler(trust, { trustDomain: 'other.example' }))
  const response = await app.inject('/bundle.json')
  t.match(response.headers, { 'content-type': 'application/json', 'cache-control': 'no-cache' })
  t.match(parseBundleDocument(response.body, 'prod.example', 'it'), { sequence: 42, refreshHint: 60, ca: { length: 1 } })
  t.match(await app.inject({ url: '/bundle.json', headers: { 'if-none-match': String(response.headers['etag']) } }), { statusCode: 304, body: '' })
  t.match(await app.inject({ method: 'HEAD', url: '/bundle.json' }), { statusCode: 200, body: '' })
  t.match(await app.inject('/other.json'), { statusCode: 503, headers: { 'retry-after': '60' } })
})

test('the number of the source is passed on', async (t: Test) => {
  stayAlive(t)
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-handler-'))
  t.after(async () => { await rm(folder, { recursive: true, force: true }) })
  const file = join(folder, 'bundle.json')
  await writeFile(file, writeBundleDocument({ ca: prod.ca.root, sequence: 7 }))
  const trust = await spiffeTrust({ bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file })] })
  t.after(async () => { await trust.close() })
  const app = Fastify()
  app.get('/', bundleHandler(trust, { trustDomain: 'prod.example' }))
  t.equal((await app.inject('/')).json().spiffe_sequence, 7)
  const rotated = nextChange(trust, 'rotated')
  await writeFile(`${file}.new`, writeBundleDocument({ ca: [prod.ca.root, next.root], sequence: 8 }))
  await rename(`${file}.new`, file)
  await rotated
  const { spiffe_sequence: sequence, keys } = (await app.inject('/')).json()
  t.same([sequence, keys.length], [8, 2])
  await app.close()
})

test('numbers that are made go up with the usual changes, and are equal in all processes', async (t) => {
  const at = (day: number): Promise<{ root: string }> => createDevCa({ notBefore: new Date(Date.UTC(2026, 0, day)), days: 3_650 })
  const [one, two, three] = (await Promise.all([at(1), at(2), at(3)])).map(({ root }) => parsePeerIdentity(Buffer.from(root.replace(/-----.*-----|\n/g, ''), 'base64'))) as [never, never, never]
  const numbers = [[one], [one, two], [two], [two, three], [one, two, three].slice(1), [three]].map((anchors) => nextSequence(anchors, undefined))
  t.same(numbers, [...numbers].sort((a, b) => a - b))
  t.equal(nextSequence([two, one], undefined), nextSequence([one, two], undefined))
  t.ok(Number.isSafeInteger(numbers.at(-1)))
  t.equal(nextSequence([one], 10 ** 13), 10 ** 13 + 1, 'the newest was withdrawn')
  t.equal(nextSequence([], undefined), 1_000)
})

test('a function for the number that fails ends no process, and serves nothing', async (t) => {
  const trust = trustOf(prod.ca.root)
  t.after(async () => { await trust.close() })
  const warnings: Array<Error & { code?: string }> = []
  const onWarning = (warning: Error): void => { warnings.push(warning) }
  process.on('warning', onWarning)
  t.after(() => { process.off('warning', onWarning) })
  for (const [sequence, message] of [
    [() => { throw new Error('no counter') }, /no counter/], [() => -1, /sequence is -1; expected .* a whole number/], [() => NaN, /sequence is NaN/], [() => '7', /sequence is "7"/], [async () => 7, /sequence is /]
  ] as const) {
    const handler = bundleHandler(trust, { trustDomain: 'prod.example', sequence: sequence as () => number })
    const server = createServer(handler).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    t.match([response.status, await response.text()], [500, 'failed\n'])
    t.match(warnings.splice(0), [{ code: 'PEERKIT_BUNDLE_FAILED', message }])
    server.close()
    const app = Fastify()
    app.get('/', handler)
    t.match((await app.inject('/')).json(), { statusCode: 500, message })
    await app.close()
  }
})

test('arguments that are wrong', (t) => {
  const trust = trustOf(prod.ca.root)
  for (const [args, message] of [
    [[], /credentials is missing/], [[{}], /credentials/], [[trust], /trustDomain is missing; expected a trust domain, because the source has no X\.509-SVID/],
    [[trust, { trustDomain: 'UPPER' }], /trustDomain/], [[trust, { trustDomain: 'a', refreshHint: 0 }], /refreshHint/], [[trust, { trustDomain: 'a', sequence: 7 }], /sequence/], [[trust, { colour: 1 }], /colour/]
  ] as const) t.throws(() => bundleHandler(...args as unknown as Parameters<typeof bundleHandler>), { constructor: SpiffeOptionError, message } as never)
  t.resolves(trust.close())
  t.end()
})
