import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import fastifyMtlsConsole, { fastifyMtlsConsole as named } from '../src/index.ts'
import { createWorld } from './support/world.ts'

const PAGES = ['/', '/access', '/what-if', '/clients', '/log', '/trust', '/calls', '/timeline', '/expiry', '/forecast', '/no-such-page']
const TABLES = ['access', 'authorities', 'calls', 'clients', 'crls', 'expiry', 'forecast', 'log', 'timeline'].map((name) => `/${name}.csv`)
const FILES = ['/data.json', '/console.js', '/console.css', '/icon.svg']

test('is for the clients that its rules name, on every path and by every method', async (t) => {
  const { app, operator, issue, as } = await createWorld(t)
  const billing = await issue({ cn: 'billing', ou: 'billing' })
  t.equal(named, fastifyMtlsConsole)
  for (const path of [...PAGES, ...FILES, ...TABLES]) {
    t.equal((await as(operator, `/console${path}`)).statusCode, path === '/no-such-page' ? 404 : 200, path)
    t.equal((await as(billing, `/console${path}`)).statusCode, 403, path)
    t.equal((await as(null, `/console${path}`)).statusCode, 401, path)
    t.equal((await as(billing, { method: 'HEAD', url: `/console${path}` })).statusCode, 403, path)
  }
  t.equal((await as(operator, '/console')).statusCode, 200, 'without the slash')
  t.equal((await as(billing, { method: 'POST', url: '/console/what-if' })).statusCode, 403)
  t.strictSame(app.mtls.routes().filter(({ url, access }) => url.startsWith('/console') && access !== 'rules'), [])
})

test('stays closed where the app only reports, and where the default rules let every client in', async (t) => {
  const { as, issue } = await createWorld(t, { clients: { mode: 'report-only', defaultRules: 'authenticated' } })
  const stranger = await issue({ cn: 'stranger' })
  t.equal((await as(stranger, '/accounts')).statusCode, 200)
  t.equal((await as(stranger, '/console/')).statusCode, 403)
  t.equal((await as(stranger, '/console/data.json')).statusCode, 403)
})

test('answers nothing but questions: no route of it takes another method', async (t) => {
  const { app } = await createWorld(t)
  const methods = app.mtls.routes().filter(({ url }) => url.startsWith('/console')).map(({ methods, url }) => [...methods, url].join(' '))
  t.strictSame(methods.filter((route) => !/^(GET|HEAD) /.test(route)), ['POST /console/what-if'])
})

test('every answer forbids framing, sniffing, caching and every script that is not the page\'s own', async (t) => {
  const { ask } = await createWorld(t)
  const nonces = new Set<string>()
  for (const path of PAGES) {
    const { headers, body } = await ask({ url: `/console${path}`, headers: { accept: 'text/html' } })
    const policy = String(headers['content-security-policy'])
    const [, nonce = ''] = /script-src 'nonce-([\w+/=]{24})'/.exec(policy) ?? []
    t.match(policy, /^default-src 'none'; base-uri 'none'; frame-ancestors 'none'; /)
    t.match(policy, `style-src 'nonce-${nonce}'`)
    t.notMatch(policy, /unsafe|\*|https?:|data:/)
    t.match(headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'same-origin', 'content-type': 'text/html; charset=utf-8' })
    t.notMatch(body, /<style|\son\w+=|\sstyle=|javascript:|<script(?![^>]* src=)/, 'nothing inline')
    t.strictSame([...body.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, url]) => url).filter((url) => !/^(\/console(\/|$)|#)/.test(url ?? '')), [], 'nothing from elsewhere')
    t.equal([...body.matchAll(/<(?:script|link rel="stylesheet")[^>]*nonce="([^"]*)"/g)].filter(([, used]) => used === nonce).length, 2)
    nonces.add(nonce)
  }
  t.equal(nonces.size, PAGES.length, 'a nonce is used once')
  for (const path of [...FILES, ...TABLES, '/no-such.json']) {
    const { headers } = await ask({ url: `/console${path}` })
    t.equal(headers['content-security-policy'], "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'")
    t.match(headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  }
})

test('refuses to stand without rules, without a prefix, or with options that mean nothing', async (t) => {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ dns: 'localhost' })
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  t.after(() => credentials.close())
  const register = async (options: object, isGuarded = true): Promise<unknown> => {
    const app = Fastify(withMtls(credentials))
    t.after(() => app.close())
    await app.register(fastifyMtls)
    if (isGuarded) await app.register(fastifyAllowedClients)
    return await app.register(fastifyMtlsConsole, options as never)
  }
  const good = { prefix: '/console', credentials, allowedClients: [{ ou: 'operators' }] }
  await t.resolves(register(good))
  await t.resolves(register({ prefix: '/console', allowedClients: { ou: 'operators' } }), 'one rule, and the credentials of the app')
  const cases: ReadonlyArray<readonly [object, RegExp]> = [
    [{ ...good, allowedClients: undefined }, /allowedClients is missing/],
    [{ ...good, allowedClients: [] }, /allowedClients is an empty list; expected rules that name/],
    [{ ...good, allowedClients: null }, /allowedClients is null; expected rules that name/],
    [{ ...good, allowedClients: 'authenticated' }, /allowedClients is "authenticated"; expected rules that name the operators/],
    [{ ...good, allowedClients: [{ ou: 'operators' }, 'public'] }, /allowedClients is "public"/],
    [{ ...good, prefix: undefined }, /prefix is missing/],
    [{ ...good, prefix: '/' }, /prefix is missing/],
    [{ ...good, credentials: undefined }, /credentials is missing/],
    [{ ...good, credentials: Promise.resolve(credentials) }, /await it/],
    [{ ...good, colour: 'red' }, /unknown option "colour" for @peerkit\/fastify-mtls-console; expected one of prefix/],
    [{ ...good, revocation: {} }, /revocation is an object/],
    [{ ...good, revocation: null }, /revocation is null/],
    [{ ...good, name: '' }, /name is an empty string/],
    [{ ...good, instance: 7 }, /instance is 7/],
    [{ ...good, maxEvents: 0 }, /maxEvents is 0; expected a whole number from 1 to 100,000/],
    [{ ...good, maxClients: 10_001 }, /maxClients is 10001/],
    [{ ...good, now: 5 }, /now is 5/],
    [{ ...good, outbound: [{ name: 'ledger' }] }, /outbound\[0\]\.origin is missing; expected a string/],
    [{ ...good, outbound: [null] }, /outbound\[0\] is null; expected an object/],
    [{ ...good, outbound: {} }, /outbound is an object/]
  ]
  for (const [options, message] of cases) await t.rejects(register(options), { code: 'MTLS_ERR_CONSOLE_OPTION', message }, String(message))
  await t.rejects(register({ ...good, allowedClients: [{ spife: 'x' }] }), { code: 'MTLS_ERR_RULE_INVALID', message: /spife/ })
  await t.rejects(register(good, false), { code: 'MTLS_ERR_CONSOLE_OPTION', message: /without @peerkit\/fastify-allowed-clients/ })
})

test('stops listening when the app is closed', async (t) => {
  const { app, issue, as } = await createWorld(t)
  await as(await issue({ cn: 'billing', ou: 'billing' }), '/accounts')
  await app.close()
  const { channel } = await import('node:diagnostics_channel')
  for (const name of ['peerkit:request:allowed', 'peerkit:request:denied', 'peerkit:handshake:refused', 'peerkit:credentials:rotated', 'peerkit:outbound:refused']) t.equal(channel(name).hasSubscribers, false, name)
})
