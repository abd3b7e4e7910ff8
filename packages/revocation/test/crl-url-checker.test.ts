import { parsePeerIdentity } from '@peerkit/identity'
import { spawnSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import fsPromises, { rename, rm, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { mock } from 'node:test'
import { pathToFileURL } from 'node:url'
import { test, type Test } from 'tap'
import { isSoon } from '@peerkit/test-support/turns'
import { crlUrlChecker, type CrlUrlChecker, type CrlUrlCheckerOptions } from '../src/index.ts'
import { craftCrl, entry, extension, integer, toPem } from './support/craft.ts'
import { startCrlServer, type CrlServer } from './support/crl-server.ts'
import { HOUR } from './support/clock.ts'
import { makeCa } from './support/identities.ts'

const { ca, identity, leaf } = await makeCa()
const stranger = await makeCa()
const peer = await leaf('peer')
const listed = entry(peer.serialNumber.replace(/^(?=[89a-f])/, '00'))
const clean = craftCrl({ ca, number: 1 })
const revoked = craftCrl({ ca, number: 2, entries: [listed] })

async function serve (t: Test, files: Record<string, Uint8Array>): Promise<CrlServer> {
  const server = await startCrlServer()
  t.teardown(() => server.close())
  for (const [path, file] of Object.entries(files)) server.files.set(path, file)
  return server
}

async function open (
  t: Test, options: Omit<CrlUrlCheckerOptions, 'issuers'> & Partial<CrlUrlCheckerOptions>
): Promise<CrlUrlChecker> {
  const checker = await crlUrlChecker({ issuers: [identity], ...options })
  t.teardown(() => checker.close())
  return checker
}

/** The next message of a channel. */
function next (name: string): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    const listen = (message: unknown): void => {
      unsubscribe(name, listen)
      resolve(message as Record<string, unknown>)
    }
    subscribe(name, listen)
  })
}

/** Lets everything happen that is under way within the process. */
async function turns (): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => { setImmediate(resolve) })
}

test('answers from what URLs serve, and moves only with what is new', async (t) => {
  const server = await serve(t, { '/a.crl': clean })
  const told = next('peerkit:revocation:refreshed')
  const checker = await open(t, { urls: [`${server.url}/a.crl`] })
  t.match(
    await told,
    { v: 1, source: 'crl', url: `${server.url}/a.crl`, number: '1', entries: 0, issuer: String(identity.subject) }
  )
  t.match(checker.check(peer.identity, identity), { state: 'good' })
  const epoch = checker.epoch
  await checker.refresh()
  t.equal(server.requests[1]!.headers['if-none-match'] !== undefined && checker.epoch, epoch, 'not modified')
  let calls = 0
  checker.subscribe(() => { calls++ })
  server.files.set('/a.crl', Buffer.from(toPem(revoked)))
  await checker.refresh()
  t.match(checker.check(peer.identity, identity), { state: 'revoked' })
  t.ok(checker.epoch > epoch && calls === 1 && checker.lists.length === 1)
  t.notOk(checker.permits(checker.check(peer.identity, identity) as never, peer.identity))
})

test('keeps what it has where the new one is forged, older, cut, missing or too large', async (t) => {
  const server = await serve(t, { '/a.crl': revoked })
  const checker = await open(t, { urls: [`${server.url}/a.crl`], maxBytes: 100_000 })
  const epoch = checker.epoch
  const cases: [code: string, reason: string, file: Uint8Array | CrlServer['handler']][] = [
    ['MTLS_ERR_CRL_INVALID', 'signature', craftCrl({ ca, number: 3, key: stranger.ca.key })],
    ['MTLS_ERR_CRL_UNAVAILABLE', 'rolled_back', clean],
    ['MTLS_ERR_CRL_UNAVAILABLE', 'rolled_back', craftCrl({ ca, number: 3, thisUpdate: new Date(Date.now() - HOUR) })],
    ['MTLS_ERR_CRL_INVALID', 'malformed', revoked.subarray(0, 50)],
    ['MTLS_ERR_CRL_UNAVAILABLE', 'too_large', new Uint8Array(100_001)],
    ['MTLS_ERR_CRL_UNAVAILABLE', 'too_large', (_request, response) => {
      response.write(new Uint8Array(60_000))
      response.end(new Uint8Array(60_000))
    }],
    ['MTLS_ERR_CRL_UNAVAILABLE', 'status', (_request, response) => {
      response.writeHead(301, { location: 'http://127.0.0.1/' }).end()
    }],
    ['MTLS_ERR_CRL_UNAVAILABLE', 'network', (request) => { request.socket.destroy() }]
  ]
  for (const [code, reason, file] of cases) {
    if (typeof file === 'function') server.handler = file
    else if (file !== undefined) server.files.set('/a.crl', file)
    const told = next('peerkit:revocation:failed')
    await t.rejects(checker.refresh(), { code, reason })
    t.match(await told, { v: 1, source: 'crl', code, reason, url: `${server.url}/a.crl` })
    t.equal(checker.epoch, epoch)
    t.match(checker.check(peer.identity, identity), { state: 'revoked' })
  }
})

test('keeps what it has where the server gives no answer in time', async (t) => {
  const server = await serve(t, { '/a.crl': revoked })
  const checker = await open(t, { urls: [`${server.url}/a.crl`], timeout: 12_345 })
  const { epoch } = checker
  const asked = Promise.withResolvers<void>()
  server.handler = () => { asked.resolve() }
  const { setTimeout: start } = globalThis
  const expiries: Array<() => void> = []
  const timers = mock.method(globalThis, 'setTimeout', ((task: () => void, delay?: number, ...more: []) => {
    if (delay === 12_345) expiries.push(task)
    return start(task, delay, ...more)
  }) as typeof setTimeout).mock
  t.teardown(() => { timers.restore() })
  const told = next('peerkit:revocation:failed')
  const refreshed = checker.refresh()
  await asked.promise
  t.equal(expiries.length, 1)
  expiries[0]?.()
  const failure = { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'timeout' }
  await t.rejects(refreshed, failure)
  t.match(await told, { v: 1, source: 'crl', ...failure, url: `${server.url}/a.crl` })
  t.equal(checker.epoch, epoch)
  t.match(checker.check(peer.identity, identity), { state: 'revoked' })
})

test('a server that says "not modified" of what was never sent brings no list', async (t) => {
  const server = await serve(t, { '/a.crl': revoked })
  const lie: CrlServer['handler'] = (_request, response) => { response.writeHead(304).end() }
  server.handler = lie
  await t.rejects(
    crlUrlChecker({ urls: [`${server.url}/a.crl`], issuers: [identity] }),
    { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'status', message: /304/ }
  )
  server.handler = undefined
  const checker = await open(t, { urls: [`${server.url}/a.crl`] })
  server.handler = lie
  await t.resolves(checker.refresh())
  t.match(checker.check(peer.identity, identity), { state: 'revoked' })
})

test('takes a CRL without a number, and one that is larger than it was announced to be in memory', async (t) => {
  const entries = Array.from({ length: 5000 }, (_, i) => entry(`70${i.toString(16).padStart(8, '0')}`))
  const server = await serve(t, {})
  server.handler = (_request, response) => {
    response.write(craftCrl({ ca, entries }).subarray(0, 0))
    response.end(craftCrl({ ca, entries }))
  }
  const checker = await open(t, { urls: [`${server.url}/a.crl`] })
  t.equal(checker.lists[0]!.size, 5000)
  await checker.refresh()
})

test('reads nothing but regular files: a pipe would never open, a device never end', async (t) => {
  const folder = t.testdir()
  const pipe = join(folder, 'pipe')
  t.equal(spawnSync('mkfifo', [pipe]).status, 0)
  for (const path of [pipe, '/dev/zero', folder]) {
    await t.rejects(
      crlUrlChecker({ urls: [pathToFileURL(path).href], issuers: [identity] }),
      { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'network', message: /is not a regular file/ },
      path
    )
  }
})

test('a file that becomes a pipe keeps the list in use, and does not keep the checker open', async (t) => {
  const path = join(t.testdir({ 'a.crl': Buffer.from(clean) }), 'a.crl')
  const checker = await open(t, { urls: [pathToFileURL(path).href] })
  await rm(path)
  t.equal(spawnSync('mkfifo', [path]).status, 0)
  await t.rejects(checker.refresh(), { reason: 'network', message: /is not a regular file/ })
  t.equal(checker.lists.length, 1)
  const refused = t.rejects(checker.refresh(), { code: 'MTLS_ERR_CRL_UNAVAILABLE' })
  await checker.close()
  await refused
})

/** Makes the file system hang for some paths: `stat` and `open` never answer. Restored after the test. */
function hang (t: Test, paths: readonly string[]): void {
  const { stat, open } = fsPromises
  const never = (call: (...args: any[]) => Promise<unknown>) => async (...args: unknown[]): Promise<any> =>
    await (paths.includes(args[0] as string) ? new Promise(() => {}) : call(...args))
  Object.assign(fsPromises, { stat: never(stat), open: never(open) })
  syncBuiltinESMExports()
  // The timers of the checker do not keep the process alive.
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => {
    clearInterval(alive)
    Object.assign(fsPromises, { stat, open })
    syncBuiltinESMExports()
  })
}

test('a file system that does not answer keeps nobody waiting', async (t) => {
  const folder = t.testdir({ 'a.crl': Buffer.from(clean), 'b.crl': Buffer.from(clean) })
  const path = join(folder, 'a.crl')
  const other = join(folder, 'b.crl')
  const checker = await open(t, { urls: [pathToFileURL(path).href] })
  hang(t, [path, other])
  await t.rejects(
    crlUrlChecker({ urls: [pathToFileURL(other).href], issuers: [identity], timeout: 1 }),
    { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'timeout', message: /does not answer within 1 ms/ }
  )
  const refresh = t.rejects(checker.refresh(), { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'closed' })
  await checker.close()
  await refresh
})

test('reads files, and reads them again', async (t) => {
  const path = join(t.testdir({ 'a.crl': Buffer.from(clean) }), 'a.crl')
  const checker = await open(t, { urls: [pathToFileURL(path).href], maxBytes: 10_000 })
  t.match(checker.check(peer.identity, identity), { state: 'good' })
  await writeFile(`${path}.new`, revoked)
  await rename(`${path}.new`, path)
  await checker.refresh()
  t.match(checker.check(peer.identity, identity), { state: 'revoked' })
  await writeFile(path, new Uint8Array(10_001))
  await t.rejects(checker.refresh(), { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'too_large', message: /has 10001 bytes/ })
  await t.rejects(
    crlUrlChecker({ urls: [pathToFileURL(`${path}.missing`).href], issuers: [identity] }),
    { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'network', message: /a\.crl\.missing: found no such file/ }
  )
})

test('starts only with every list, unless it may get them later', async (t) => {
  const server = await serve(t, { '/a.crl': clean })
  const urls = [`${server.url}/a.crl`, `${server.url}/b.crl`]
  await t.rejects(crlUrlChecker({ urls, issuers: [identity] }), { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'status' })
  const checker = await open(t, { urls, initial: 'background', issuers: [identity, stranger.identity] })
  t.match(checker.check(peer.identity, identity), { state: 'good' })
  const foreign = (await stranger.leaf('x')).identity
  t.match(checker.check(foreign, stranger.identity), { state: 'unknown', why: 'no_crl' })
  server.files.set('/b.crl', craftCrl({ ca: stranger.ca }))
  await checker.refresh()
  t.match(checker.check(foreign, stranger.identity), { state: 'good' })
})

test('puts a delta CRL on its base, and fetches the base first where the delta is ahead', async (t) => {
  const delta = (number: number, base: number): Uint8Array =>
    craftCrl({ ca, number, entries: [listed], extensions: [extension('2.5.29.27', true, integer(base))] })
  const server = await serve(t, { '/base.crl': clean, '/delta.crl': delta(2, 1) })
  const urls = [`${server.url}/delta.crl`, `${server.url}/base.crl`]
  const checker = await open(t, { urls })
  t.match(checker.check(peer.identity, identity), { state: 'revoked' })
  server.files.delete('/base.crl')
  await t.rejects(crlUrlChecker({ urls, issuers: [identity] }), { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'status' })
  const alone = await open(t, { urls, initial: 'background' })
  t.match(alone.check(peer.identity, identity), { state: 'unknown' }, 'a delta alone says nothing')
  server.files.set('/base.crl', craftCrl({ ca, number: 5 }))
  server.files.set('/delta.crl', delta(6, 5))
  await checker.refresh().catch(() => {})
  await checker.refresh()
  t.same(checker.lists.map(({ number }) => number), [6n, 5n])
})

test('looks again before a list ends, by a timer of its own, and sooner after a failure', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Math.floor(Date.now() / 1000) * 1000 })
  t.teardown(() => { mock.timers.reset() })
  const nextUpdate = new Date(Date.now() + 100_000)
  const server = await serve(t, { '/a.crl': craftCrl({ ca, number: 1, nextUpdate }) })
  const checker = await open(t, { urls: [`${server.url}/a.crl`] })
  const failed = next('peerkit:revocation:failed')
  server.files.clear()
  mock.timers.tick(44_000)
  t.equal(server.requests.length, 1)
  mock.timers.tick(7_000)
  t.match(await failed, { reason: 'status' })
  t.match(checker.check(peer.identity, identity), { state: 'good' })
  server.files.set('/a.crl', craftCrl({ ca, number: 2, entries: [listed] }))
  const refreshed = next('peerkit:revocation:refreshed')
  await new Promise((resolve) => { setImmediate(resolve) })
  mock.timers.tick(5_000)
  t.match(await refreshed, { number: '2' })
  t.match(checker.check(peer.identity, identity), { state: 'revoked' })
})

test('fetches distribution points of certificates only where they are on the list', async (t) => {
  const server = await serve(t, { '/a.crl': revoked, '/b.crl': clean })
  const naming = async (path: string): Promise<ReturnType<typeof parsePeerIdentity>> => parsePeerIdentity(
    (await ca.issue({ cn: 'x', serialNumber: peer.serialNumber, crlUrls: [`${server.url}${path}`] })).der
  )
  const named = await naming('/a.crl')
  const never = await open(t, { urls: [`${server.url}/c.crl`], initial: 'background' })
  t.match(never.check(named, identity), { state: 'unknown', why: 'no_crl' })
  const elsewhere = await open(t, { urls: [], allowCertificateUrls: { hosts: ['crl.example'] } })
  t.match(elsewhere.check(named, identity), { state: 'unknown' })
  t.equal(server.requests.length, 1)
  const checker = await open(t, { urls: [], allowCertificateUrls: { hosts: [server.host] }, cacheSize: 1 })
  t.match(
    await Promise.all([checker.check(named, identity), checker.check(named, identity)]),
    [{ state: 'revoked' }, { state: 'revoked' }]
  )
  t.equal(server.requests.length, 2, 'once')
  t.match(checker.check(named, identity), { state: 'revoked' })
  t.match(
    checker.check((await stranger.leaf('x', { crlUrls: [`${server.url}/b.crl`] })).identity, stranger.identity),
    { state: 'unknown' },
    'of a CA that is not ours'
  )
  const full = await open(t, { urls: [], allowCertificateUrls: { hosts: [server.host] }, cacheSize: 0 })
  t.match(full.check(named, identity), { state: 'unknown' })
  await checker.close()
  t.match(checker.check(named, identity), { state: 'unknown', why: 'closed' })
})

test('refresh fetches what certificates named too, and close ends it', async (t) => {
  const server = await serve(t, { '/a.crl': clean })
  const { der } = await ca.issue({ cn: 'x', serialNumber: peer.serialNumber, crlUrls: [`${server.url}/a.crl`] })
  const named = parsePeerIdentity(der)
  const checker = await open(t, { urls: [], allowCertificateUrls: { hosts: [server.host] } })
  t.match(await checker.check(named, identity), { state: 'good' })
  server.files.set('/a.crl', revoked)
  await checker.refresh()
  t.match(checker.check(named, identity), { state: 'revoked' })
  server.files.delete('/a.crl')
  await t.rejects(checker.refresh(), { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'status' })
  t.match(checker.check(named, identity), { state: 'revoked' }, 'what was fetched stays in use')
  const asked = new Promise<void>((resolve) => { server.handler = () => { resolve() } })
  const refreshing = checker.refresh()
  await Promise.race([asked, refreshing])
  const rejected = t.rejects(refreshing, { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'closed' })
  await checker.close()
  await rejected
})

test('close ends what is under way', async (t) => {
  const server = await serve(t, { '/a.crl': clean })
  const checker = await open(t, { urls: [`${server.url}/a.crl`] })
  const asked = new Promise<void>((resolve) => { server.handler = () => { resolve() } })
  const refreshing = checker.refresh()
  await asked
  const rejected = t.rejects(refreshing, { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'closed' })
  await checker.close()
  await rejected
})

test('a success ends the growing pauses after failures', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Math.floor(Date.now() / 1000) * 1000 })
  t.teardown(() => { mock.timers.reset() })
  const nextUpdate = new Date(Date.now() + 100 * HOUR)
  const body = craftCrl({ ca, number: 1, nextUpdate })
  let [asked, isDown] = [0, false]
  const fetch = async (): Promise<Response> => {
    asked++
    if (isDown) throw new Error('down')
    return new Response(body as Uint8Array<ArrayBuffer>)
  }
  const checker = await open(t, {
    urls: ['http://crl.example/a.crl'], fetch, refreshInterval: 100_000, retryAfter: 1_000
  })
  isDown = true
  for (let failure = 1; failure <= 3; failure++) await t.rejects(checker.refresh())
  isDown = false
  await checker.refresh()
  t.equal(asked, 5)
  mock.timers.tick(89_999)
  await turns()
  t.equal(asked, 5, 'the next fetch is that of the interval')
  isDown = true
  await t.rejects(checker.refresh())
  mock.timers.tick(1_000)
  t.ok(await isSoon(() => asked === 7), 'and the next failure is the first again')
})

test('close ends what certificates made it fetch, and what is due of that', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Math.floor(Date.now() / 1000) * 1000 })
  t.teardown(() => { mock.timers.reset() })
  let [asked, isEnded] = [0, false]
  const running = Promise.withResolvers<Response>()
  const fetch = async (_url: unknown, { signal }: RequestInit = {}): Promise<Response> => {
    if (++asked === 1) throw new Error('down')
    signal?.addEventListener('abort', () => { isEnded = true })
    return await running.promise
  }
  const naming = async (name: string): Promise<ReturnType<typeof parsePeerIdentity>> => parsePeerIdentity(
    (await ca.issue({ cn: 'x', crlUrls: [`http://crl.example/${name}.crl`] })).der
  )
  const allowCertificateUrls = { hosts: ['crl.example'] }
  const checker = await open(t, { urls: [], allowCertificateUrls, fetch: fetch as typeof globalThis.fetch })
  t.match(await checker.check(await naming('a'), identity), { state: 'unknown' })
  const waiting = checker.check(await naming('b'), identity)
  t.ok(await isSoon(() => asked === 2))
  const closing = checker.close()
  t.ok(await isSoon(() => isEnded), 'the fetch that runs')
  running.reject(new Error('ended'))
  await Promise.all([closing, waiting])
  mock.timers.tick(2 * HOUR)
  await turns()
  t.equal(asked, 2, 'the one that failed is not repeated')
})

test('refuses options it does not know or cannot use', async (t) => {
  for (const [options, message] of [
    [{ url: [] }, /did you mean "urls"/],
    [{ urls: [] }, /expected URLs/],
    [{ urls: ['ldap://x'] }, /expected an http or https URL/],
    [{ urls: ['http://x'], initial: 'later' }, /initial is "later"/],
    [{ urls: ['http://x'], timeout: 'x' }, /timeout is "x"/],
    [{ urls: ['http://x'], timeout: 2 ** 31 }, /timeout is 2147483648; expected milliseconds from 1 to 2,147,483,647/],
    [{ urls: ['http://x'], refreshInterval: 1e13 }, /refreshInterval is 10000000000000; expected milliseconds from 1 to 3,155,760,000,000/],
    [{ urls: ['http://x'], formerIssuers: [] }, /unknown option "formerIssuers" for crlUrlChecker; did you mean "issuers"|expected one of/]
  ] as const) {
    await t.rejects(
      crlUrlChecker({ issuers: [identity], ...options } as never), { code: 'MTLS_ERR_REVOCATION_OPTION', message }
    )
  }
})

test('a list that has ended already is told of at start, once', async (t) => {
  const ended = craftCrl({ ca, number: 1, thisUpdate: new Date(Date.now() - 48 * HOUR), nextUpdate: new Date(Date.now() - 24 * HOUR) })
  const server = await serve(t, { '/a.crl': ended })
  const found: string[] = []
  const listen = (warning: Error & { code?: string }): void => {
    if (warning.code === 'MTLS_WARN_CRL_ENDED') found.push(warning.message)
  }
  process.on('warning', listen)
  t.teardown(() => { process.off('warning', listen) })
  const checker = await open(t, { urls: [`${server.url}/a.crl`] })
  await checker.refresh()
  await new Promise((resolve) => { setImmediate(resolve) })
  t.match(found, [/^the CRL of CN=.* ended on .*, before it was loaded/])
  t.equal(found.length, 1)
})
