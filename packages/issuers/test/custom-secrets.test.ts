import { inspect } from 'node:util'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { IssuerError } from '@peerkit/issuers'
import { customIssuer } from '@peerkit/issuers/custom'
import type { CustomIssuerOptions } from '@peerkit/issuers/custom'
import { rejection } from '@peerkit/test-support/rejection'
import { IssuerClient } from '../src/http/issuer-client.ts'
import { pinnedAgent } from '../src/http/pinned-agent.ts'
import { startStandIn } from './support/https-server.ts'

test('what a request says of itself in its headers is in no error', async (t) => {
  const server = await startStandIn(({ headers }) => ({ status: 400, body: `you sent ${JSON.stringify(headers)}` }))
  t.teardown(server.close)
  const agent = pinnedAgent({ ca: [server.root], signal: new AbortController().signal })
  t.teardown(async () => { await agent.destroy() })
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'pem' }) as string
  for (const [name, value] of [['authorization', 'Bearer hunter2-one'], ['X-Api-Key', 'hunter2-two'], ['x-amz-security-token', 'hunter2-three'], ['Cookie', 'session=hunter2-four']]) {
    const issuer = customIssuer({
      url: server.url, agent, names: { cn: 'ledger' }, request: () => ({ headers: { [name as string]: value as string }, body: {} }), read: () => ({ cert: '' })
    })
    const asked = { publicKey: spki, privateKey, signal: new AbortController().signal, previous: undefined }
    const error: any = await Promise.resolve(issuer.issue(asked)).catch((error) => error)
    t.match(error, { reason: 'refused', message: /you sent .*…/ })
    t.notMatch(inspect(error, { depth: 20, showHidden: true }), /hunter2/, name as string)
  }
})

test('nor is the secret of a header without its scheme', async (t) => {
  const server = await startStandIn(({ headers }) => ({ status: 400, body: `unknown token ${String(headers.authorization).split(' ').at(-1)}` }))
  t.teardown(server.close)
  const agent = pinnedAgent({ ca: [server.root], signal: new AbortController().signal })
  t.teardown(async () => { await agent.destroy() })
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'pem' }) as string
  const issuer = customIssuer({
    url: server.url, agent, names: { cn: 'ledger' }, request: () => ({ headers: { authorization: 'Bearer hunter2-one' }, body: {} }), read: () => ({ cert: '' })
  })
  const asked = { publicKey: spki, privateKey, signal: new AbortController().signal, previous: undefined }
  const error: any = await Promise.resolve(issuer.issue(asked)).catch((error) => error)
  t.match(error, { reason: 'refused', message: /unknown token …/ })
  t.notMatch(inspect(error, { depth: 20, showHidden: true }), /hunter2/)
})

test('a secret at the end of what an error shows is hidden as a whole', async (t) => {
  for (const status of [400, 200]) {
    const server = await startStandIn(({ headers }) => ({ status, body: `${'x'.repeat(285)}${String(headers.authorization)} and more` }))
    t.teardown(server.close)
    const agent = pinnedAgent({ ca: [server.root], signal: new AbortController().signal })
    t.teardown(async () => { await agent.destroy() })
    const client = new IssuerClient({ name: 'CA', dispatcher: agent, trusted: 'any CA', secrets: () => ['hunter2-and-much-more'] })
    const error: any = await client.callJson({
      url: new URL(server.url), method: 'GET', headers: { authorization: 'Bearer hunter2-and-much-more' }, signal: new AbortController().signal
    }).catch((error) => error)
    t.match(error, { code: 'MTLS_ERR_ISSUER' })
    t.notMatch(error.message, /hunter2/)
  }
})

test('an answer that is the secret itself, and functions that throw what they saw', async (t) => {
  const server = await startStandIn(({ headers }) => ({ body: String(headers.authorization) }))
  t.teardown(server.close)
  const agent = pinnedAgent({ ca: [server.root], signal: new AbortController().signal })
  t.teardown(async () => { await agent.destroy() })
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'pem' }) as string
  const headers = { authorization: 'hunter2-one' }
  const cases: ReadonlyArray<[string, Partial<CustomIssuerOptions>, object]> = [
    ['no JSON', { read: (answer) => ({ cert: answer.json().chain }) }, { reason: 'answer', message: /answered "…"; expected JSON/ }],
    ['read throws', { read: ({ text }) => { throw new Error(`what is ${text}?`) } }, { reason: 'answer', message: /what is …\?/ }],
    ['read throws with a cause', { read: ({ text }) => { throw Object.assign(new Error('no'), { cause: new Error(text) }) } }, { reason: 'answer', message: /: no$/ }],
    ['read throws text', { read: ({ text }) => { throw text } }, { reason: 'answer', message: /: …$/ }],
    ['request throws', { request: () => { throw Object.assign(new Error('hunter2-two'), { retryAfter: 7_000 }) } }, { reason: 'answer', retryAfter: 7_000 }],
    ['an error of ours', { read: ({ text }) => { throw new IssuerError('denied', `the CA: ${text}`, { status: 403 }) } }, { reason: 'denied', status: 403, message: 'No certificate: the CA: …' }]
  ]
  for (const [what, options, expected] of cases) {
    const issuer = customIssuer({
      url: server.url, agent, names: { cn: 'ledger' }, secrets: ['hunter2-two'], request: () => ({ headers }), read: () => ({ cert: '' }), ...options
    })
    const error = await rejection(Promise.resolve(issuer.issue({ publicKey: spki, privateKey, signal: new AbortController().signal, previous: undefined })))
    t.match(error, { code: 'MTLS_ERR_ISSUER', ...expected }, what)
    t.notMatch(inspect(error, { depth: 20, showHidden: true }), /hunter2/, what)
  }
  const own = new Error('nothing secret')
  const issuer = customIssuer({ url: server.url, agent, names: { cn: 'ledger' }, request: () => { throw own }, read: () => ({ cert: '' }) })
  t.equal(await rejection(Promise.resolve(issuer.issue({ publicKey: spki, privateKey, signal: new AbortController().signal, previous: undefined }))), own)
})
