import { test, type Test } from 'tap'
import { crlUrlChecker, type CrlUrlChecker, type CrlUrlCheckerOptions } from '../src/index.ts'
import { compileOrigins, findTarget } from '../src/fetch/allowed-urls.ts'
import { craftCrl } from './support/craft.ts'
import { startCrlServer, type CrlServer } from './support/crl-server.ts'
import { makeCa } from './support/identities.ts'

const { ca, identity, leaf } = await makeCa()
const peer = await leaf('peer')
const list = craftCrl({ ca, number: 1 })

/** A server that redirects by path, and serves the list at /ca.crl. */
async function serve (t: Test, redirects: Readonly<Record<string, string | undefined>>): Promise<CrlServer> {
  const server = await startCrlServer()
  t.teardown(() => server.close())
  server.handler = ({ url = '' }, response) => {
    const location = redirects[url]
    if (url === '/ca.crl') response.writeHead(200).end(list)
    else response.writeHead(302, location === undefined ? {} : { location }).end('moved')
  }
  return server
}

async function open (t: Test, options: Omit<CrlUrlCheckerOptions, 'issuers'>): Promise<CrlUrlChecker> {
  const checker = await crlUrlChecker({ issuers: [identity], ...options })
  t.teardown(() => checker.close())
  return checker
}

test('redirects within an origin are followed, at most three', async (t) => {
  const server = await serve(t, { '/1': '/2', '/2': '3', '/3': '/ca.crl', '/0': '/1', '/loop': '/loop' })
  t.match((await open(t, { urls: [`${server.url}/1`] })).check(peer.identity, identity), { state: 'good' })
  t.same(server.requests.map(({ url }) => url), ['/1', '/2', '/3', '/ca.crl'])
  for (const path of ['/0', '/loop']) {
    const message = /redirects more than 3 times, at last to http:/
    const opening = open(t, { urls: [`${server.url}${path}`] })
    await t.rejects(opening, { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'status', message }, path)
  }
})

test('another origin is not asked, unless the operator allows it', async (t) => {
  const cdn = await serve(t, {})
  const server = await serve(t, { '/ca': `${cdn.url}/ca.crl` })
  const urls = [`${server.url}/ca`]
  const message = `CRL unavailable: ${server.url}/ca (status 302) redirects to ${cdn.url}/ca.crl, ` +
    `which is not followed: use that URL, or add "${cdn.url}" to allowRedirects`
  await t.rejects(open(t, { urls }), { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'status', message })
  await t.rejects(open(t, { urls, allowRedirects: [server.url] }), { message })
  t.equal(cdn.requests.length, 0)
  const status = (await open(t, { urls, initial: 'background' })).check(peer.identity, identity)
  t.match(status, { state: 'unknown', detail: /which is not followed/ })
  t.match((await open(t, { urls, allowRedirects: [cdn.url] })).check(peer.identity, identity), { state: 'good' })
})

test('a redirect without a target, or to one that is no URL of a server, is refused', async (t) => {
  const server = await serve(t, {
    '/none': undefined, '/file': 'file:///etc/ca.crl', '/user': 'http://a:b@127.0.0.1/', '/data': 'data:,x'
  })
  const opening = open(t, { urls: [`${server.url}/none`] })
  await t.rejects(opening, { message: /\(status 302\) redirects without saying where$/ })
  const message = /redirects to something else than an http or https URL without user and password$/
  for (const path of ['/file', '/user', '/data']) {
    await t.rejects(open(t, { urls: [`${server.url}${path}`] }), { message }, path)
  }
})

test('what a redirect may change', async (t) => {
  const redirects = { origins: new Set(['http://mirror.example:8080']), advice: (origin: string) => `allow ${origin}` }
  const followed: ReadonlyArray<readonly [from: string, to: string, url: string]> = [
    ['http://a.example/x', '/y#part', 'http://a.example/y'],
    ['http://a.example/x', 'https://a.example/x', 'https://a.example/x'],
    ['https://a.example/x', '//a.example/y', 'https://a.example/y'],
    ['https://a.example/x', 'http://mirror.example:8080/y', 'http://mirror.example:8080/y']
  ]
  for (const [from, to, url] of followed) t.same(findTarget(from, to, redirects), { url }, to)
  const refused: ReadonlyArray<readonly [from: string, to: string]> = [
    ['https://a.example/x', 'http://a.example/x'],
    ['http://a.example/x', 'https://b.example/x'],
    ['http://a.example/x', 'http://a.example:8080/x'],
    ['http://a.example:8080/x', 'https://a.example/x'],
    ['http://a.example/x', 'https://a.example:8443/x'],
    ['http://a.example/x', 'http://mirror.example/x'],
    ['http://a.example/x', 'http://169.254.169.254/latest']
  ]
  for (const [from, to] of refused) {
    const problem = `redirects to ${to}, which is not followed: allow ${new URL(to).origin}`
    t.same(findTarget(from, to, redirects), { problem }, to)
  }
  t.match(findTarget('http://a.example/', '/x', { ...redirects, origins: undefined }), { problem: /not followed/ })
})

test('origins are origins', async (t) => {
  const compiled = compileOrigins(['https://a.example', 'http://b.example:8080/'], 'x')
  t.same([...compiled], ['https://a.example', 'http://b.example:8080'])
  for (const origin of ['a.example', 'https://a.example/path', 'ftp://a.example', 'https://u:p@a.example', '*', 5]) {
    const message = /allowRedirects has .*; expected an origin such as "https:\/\/crl\.example"/
    const opening = open(t, { urls: ['http://127.0.0.1:1/'], allowRedirects: [origin as string] })
    await t.rejects(opening, { code: 'MTLS_ERR_REVOCATION_OPTION', message }, String(origin))
  }
  const message = /allowRedirects is string; expected an array of origins/
  t.throws(() => compileOrigins('https://a.example', 'crlUrlChecker allowRedirects'), { message })
})
