import type { KeyObject } from 'node:crypto'
import { X509Certificate, generateKeyPairSync } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { test } from 'tap'
import type { Test } from 'tap'
import { Agent } from 'undici'
import { renewingCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { rejection } from '@peerkit/test-support/rejection'
import { acmeIssuer } from '@peerkit/issuers/acme'
import type { AcmeIssuerOptions } from '@peerkit/issuers/acme'
import { AcmeServer, problem } from './support/acme-server.ts'
import { ACCOUNT, dnsOf, question } from './support/world.ts'

async function start (
  t: Test, more: Partial<AcmeIssuerOptions> = {}
): Promise<{ server: AcmeServer, issue: ReturnType<typeof acmeIssuer>['issue'] }> {
  const server = await AcmeServer.start(t)
  const { issue } = acmeIssuer({
    directory: server.directory, names: { dns: ['ledger.example'] }, account: ACCOUNT, challenges: { dns01: dnsOf(server) }, ...more
  })
  return { server, issue }
}

test('the order of the requests, and a certificate for our key', async (t) => {
  const { server, issue } = await start(t)
  const asked = question()
  const { cert, renewAt, ...rest } = await issue(asked)
  const certificate = new X509Certificate(cert as string)
  t.ok(certificate.checkPrivateKey(asked.privateKey as KeyObject))
  t.equal(certificate.subjectAltName, 'DNS:ledger.example')
  t.equal(renewAt, undefined)
  t.same(rest, {})
  t.same(server.asked.map(({ step }) => step), [
    'directory', 'nonce', 'newAccount', 'newOrder', 'authorization', 'challenge', 'authorization', 'order', 'finalize', 'certificate'
  ])
  t.equal(server.badNonces, 0, 'each answer gives the nonce of the next request')
  t.same(server.of('newOrder')[0]?.payload, { identifiers: [{ type: 'dns', value: 'ledger.example' }] })
  t.equal(server.txt.size, 0, 'the record is gone')
})

test('the id differs where something else is asked for', async (t) => {
  const make = (more: Partial<AcmeIssuerOptions>): string => acmeIssuer({
    directory: 'https://acme.example/directory', names: { dns: ['a.example', 'b.example'] }, account: ACCOUNT, challenges: { http01: {} }, ...more
  }).id
  t.equal(make({ names: { dns: ['B.example', 'a.example'] } }), make({}))
  const others = [
    {}, { directory: 'https://acme.example/other' }, { profile: 'shortlived' }, { names: { dns: ['a.example'] } }, { names: { cn: 'a.example', dns: ['a.example', 'b.example'] } }
  ]
  t.equal(new Set(others.map(make)).size, others.length)
})

test('every type of account key', async (t) => {
  const server = await AcmeServer.start(t)
  for (const namedCurve of ['P-256', 'P-384', 'P-521']) {
    const { privateKey: key } = generateKeyPairSync('ec', { namedCurve })
    const issuer = acmeIssuer({ directory: server.directory, names: { dns: ['a.example'] }, account: { key }, challenges: { dns01: dnsOf(server) } })
    t.ok((await issuer.issue(question())).cert, namedCurve)
  }
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' })
  for (const key of [pem as string, Buffer.from(pem)]) {
    const issuer = acmeIssuer({ directory: server.directory, names: { dns: ['a.example'] }, account: { key }, challenges: { dns01: dnsOf(server) } })
    t.ok((await issuer.issue(question())).cert, 'RSA')
  }
  t.equal(server.accounts.size, 4)
})

test('several names, wildcards and a common name', async (t) => {
  const { server, issue } = await start(t, { names: { cn: 'ledger.example', dns: ['ledger.example', '*.ledger.example', 'LEDGER.example', 'bücher.example'] } })
  const values: number[] = []
  server.says = ({ step }) => {
    if (step === 'challenge') values.push(server.txt.get('_acme-challenge.ledger.example')?.size ?? 0)
    return undefined
  }
  const certificate = new X509Certificate((await issue(question())).cert as string)
  t.equal(certificate.subjectAltName, 'DNS:ledger.example, DNS:*.ledger.example, DNS:xn--bcher-kva.example')
  t.equal(certificate.subject, 'CN=ledger.example')
  t.same(values, [2, 2, 2], 'the name and its wildcard have a record each, at the same name')
  t.equal(server.txt.size, 0)
})

test('a name that is proved already needs no challenge', async (t) => {
  const { server, issue } = await start(t)
  server.reusesAuthorizations = true
  await issue(question())
  await issue(question())
  t.equal(server.of('challenge').length, 1)
  t.equal(server.of('finalize').length, 2)
})

test('an order that is ready at once', async (t) => {
  const { server, issue } = await start(t)
  server.says = ({ step }) => {
    if (step === 'newOrder') for (const one of server.authorizations.values()) one.status = 'valid'
    return undefined
  }
  server.reusesAuthorizations = true
  await issue(question())
  await issue(question())
  t.same(server.of('authorization').length, 2, 'nobody looks at the authorizations of the second')
})

test('a profile', async (t) => {
  const { server, issue } = await start(t, { profile: 'shortlived' })
  t.match(await rejection(issue(question()) as Promise<unknown>), { reason: 'refused', message: /the option profile is "shortlived"; expected none: this CA has no profiles/ })
  server.meta = { profiles: { classic: 'x', tlsserver: 'y' } }
  t.match(await rejection(issue(question()) as Promise<unknown>), { message: /expected "classic" or "tlsserver"/ })
  server.meta = { profiles: { shortlived: 'x' } }
  await issue(question())
  t.equal(server.of('newOrder')[0]?.payload.profile, 'shortlived')
})

test('an order that is being processed, with Retry-After', async (t) => {
  const { server, issue } = await start(t)
  let looks = 0
  server.says = ({ step }) => {
    const isAfter = server.of('finalize').length > 0
    if (step === 'finalize' || step !== 'order' || !isAfter || looks++ > 2) return undefined
    return { body: { ...shownOrder(server), status: 'processing' }, headers: { 'retry-after': '0' } }
  }
  const { cert } = await issue(question())
  t.ok(cert)
  server.says = ({ step }) => step === 'finalize' ? { body: { ...shownOrder(server), status: 'processing' }, headers: { 'retry-after': '0' } } : undefined
  const error = await rejection(issue(question()) as Promise<unknown>)
  t.match(error, { reason: 'answer', message: /the order is "ready"; expected "valid"/ })
})

function shownOrder (server: AcmeServer): object {
  return { finalize: `${server.origin}/finalize/1`, authorizations: [] }
}

test('an order that fails, by name', async (t) => {
  const { server, issue } = await start(t)
  const failed = {
    ...problem('compound', 'see below'),
    subproblems: [{ ...problem('caa', 'CAA says\n\tno'), identifier: { type: 'dns', value: 'ledger.example' } }, problem('dns', 'away'), 7, { type: 'urn:x:other', detail: '' }]
  }
  server.says = ({ step }) => step === 'order' ? { body: { ...shownOrder(server), status: 'invalid', error: failed } } : undefined
  t.match(await rejection(issue(question()) as Promise<unknown>), {
    code: 'MTLS_ERR_ISSUER', reason: 'refused', message: /the order failed: compound: see below; ledger\.example: caa: CAA says no; dns: away; urn:x:other$/
  })
  server.says = ({ step }) => step === 'newOrder' ? { status: 400, body: failed } : undefined
  t.match(await rejection(issue(question()) as Promise<unknown>), { reason: 'refused', status: 400, message: /ledger\.example: caa/ })
  server.says = ({ step }) => step === 'order' ? { body: { ...shownOrder(server), status: 'invalid', error: problem('rateLimited', 'x') } } : undefined
  t.match(await rejection(issue(question()) as Promise<unknown>), { reason: 'rate_limited' })
  server.says = ({ step }) => step === 'newOrder' ? { status: 201, body: { ...shownOrder(server), status: 'valid' }, headers: { location: `${server.origin}/order/1` } } : undefined
  t.match(await rejection(issue(question()) as Promise<unknown>), { reason: 'answer', message: /the order is "valid"; expected "pending" or "ready"/ }, 'not ours')
})

test('rate limits, in whatever status they come', async (t) => {
  const { server, issue } = await start(t)
  const date = new Date(Date.now() + 3_600_000).toUTCString()
  for (const [status, type, value] of [[429, 'rateLimited', '120'], [403, 'rateLimited', date], [429, 'other', '5']] as const) {
    server.says = ({ step }) => step === 'newOrder' ? { status, body: problem(type, 'too many'), headers: { 'retry-after': value } } : undefined
    const error = await rejection(issue(question()) as Promise<unknown>)
    t.match(error, { reason: 'rate_limited', status })
    t.ok(error.retryAfter >= 5_000 && error.retryAfter <= 3_600_000)
  }
  server.says = () => ({ status: 503, headers: { 'retry-after': '30' } })
  t.match(await rejection(issue(question()) as Promise<unknown>), { reason: 'unavailable', status: 503, retryAfter: 30_000 })
  server.says = ({ step }) => step === 'newOrder' ? { status: 503, headers: { 'retry-after': '30' } } : undefined
  t.match(await rejection(issue(question()) as Promise<unknown>), { reason: 'unavailable', status: 503, retryAfter: 30_000 })
  server.says = ({ step }) => step === 'finalize' ? { status: 503, headers: { 'retry-after': '30' } } : undefined
  t.match(await rejection(issue(question()) as Promise<unknown>), { reason: 'unavailable', retryAfter: 30_000 })
  t.equal(server.of('finalize').length, 1, 'what takes longer is for the next call')
})

test('nonces: some are refused, and one that refuses all is given up', async (t) => {
  const { server, issue } = await start(t)
  let count = 0
  server.says = ({ step }) => step !== 'directory' && step !== 'nonce' && count++ % 3 !== 0 ? { status: 400, body: problem('badNonce', 'again') } : undefined
  await issue(question())
  server.asked.length = 0
  server.says = ({ step }) => step === 'newAccount' ? { status: 400, body: problem('badNonce', 'again') } : undefined
  t.match(await rejection(issue(question()) as Promise<unknown>), { reason: 'refused', message: /badNonce: again/ })
  t.equal(server.of('newAccount').length, 10)
})

test('a nonce is used once, also where the server gives none for the next request', async (t) => {
  const { server, issue } = await start(t)
  server.givesNonces = false
  await issue(question())
  t.equal(server.badNonces, 0)
  t.equal(server.of('nonce').length, server.asked.filter(({ header }) => header !== undefined).length)
})

test('a connection that breaks after the order costs no certificate', async (t) => {
  for (const step of ['finalize', 'order', 'certificate'] as const) {
    const { server, issue } = await start(t)
    let signed = 0
    const sign = server.sign
    server.sign = async (csr) => { signed += 1; return await sign(csr) }
    let drops = 0
    server.says = async (asked) => {
      if (asked.step !== step || server.of('finalize').length === 0 || drops > 0) return undefined
      drops += 1
      if (step === 'finalize') {
        // It was issued, and the answer is lost.
        const order = server.orders.get(asked.path.replace('finalize', 'order'))
        if (order !== undefined) Object.assign(order, { status: 'valid', chain: await server.sign(Buffer.from(asked.payload.csr, 'base64url')) })
      }
      return 'drop'
    }
    const asked = question()
    const { cert } = await issue(asked)
    t.ok(new X509Certificate(cert as string).checkPrivateKey(asked.privateKey as KeyObject), step)
    t.equal(signed, 1, 'it was issued once')
  }
})

test('a process that dies between the order and the answer: the next one orders anew, and proves nothing again', async (t) => {
  const keyFile = join(t.testdir({}), 'account.pem')
  const server = await AcmeServer.start(t)
  server.reusesAuthorizations = true
  const start = () => acmeIssuer({ directory: server.directory, names: { dns: ['ledger.example'] }, account: { keyFile }, challenges: { dns01: dnsOf(server) } })
  server.says = async ({ step, path, payload }) => {
    if (step !== 'finalize') return undefined
    const order = server.orders.get(path.replace('finalize', 'order')) as object
    Object.assign(order, { status: 'valid', chain: await server.sign(Buffer.from(payload.csr, 'base64url')) })
    // It issued, and the one who asked is gone.
    return 'silence'
  }
  const dying = new AbortController()
  const lost = start().issue(question({ signal: dying.signal })) as Promise<unknown>
  while (server.of('finalize').length === 0) await new Promise((resolve) => setImmediate(resolve))
  dying.abort(new Error('killed'))
  t.match(await rejection(lost), { message: 'killed' })
  server.says = () => undefined
  const asked = question()
  const { cert } = await start().issue(asked)
  t.ok(new X509Certificate(cert as string).checkPrivateKey(asked.privateKey as KeyObject), 'a certificate for the new key, and not the lost one')
  t.equal(server.accounts.size, 1)
  t.equal(server.of('challenge').length, 1)
  t.equal(server.of('newOrder').length, 2)
})

test('a server that gives the former order again, which is for another key', async (t) => {
  const { server, issue } = await start(t)
  await issue(question())
  const [former] = server.of('finalize')
  server.says = ({ step }) => step === 'newOrder'
    ? { status: 201, headers: { location: `${server.origin}/order/1` }, body: { status: 'processing', authorizations: [], finalize: `${server.origin}${former?.path}` } }
    : undefined
  t.match(await rejection(issue(question()) as Promise<unknown>), { reason: 'answer', message: /the order is "processing"; expected "pending" or "ready"/ })
})

test('a call that is aborted ends at once, at each step, and takes its records away', async (t) => {
  for (const step of ['directory', 'newAccount', 'newOrder', 'authorization', 'challenge', 'order', 'finalize', 'certificate'] as const) {
    const { server, issue } = await start(t)
    const controller = new AbortController()
    server.says = (asked) => {
      if (asked.step !== step) return undefined
      controller.abort(new Error('closed'))
      return 'silence'
    }
    t.match(await rejection(issue(question({ signal: controller.signal })) as Promise<unknown>), { message: 'closed' }, step)
    t.equal(server.txt.size, 0, step)
  }
})

test('a call that is aborted while it waits ends at once', async (t) => {
  const { server, issue } = await start(t)
  const controller = new AbortController()
  server.says = ({ step }) => {
    if (step !== 'order') return undefined
    setImmediate(() => { controller.abort(new Error('closed')) })
    return { body: { ...shownOrder(server), status: 'pending' }, headers: { 'retry-after': '3600' } }
  }
  t.match(await rejection(issue(question({ signal: controller.signal })) as Promise<unknown>), { message: 'closed' })
})

test('a key file that is wrong fails the call, and is read again at the next', async (t) => {
  const folder = t.testdir({})
  const server = await AcmeServer.start(t)
  const { issue } = acmeIssuer({
    directory: server.directory, names: { dns: ['a.example'] }, account: { keyFile: join(folder, 'none/account.pem') }, challenges: { dns01: dnsOf(server) }
  })
  t.match(await rejection(issue(question()) as Promise<unknown>), { code: 'MTLS_ERR_ISSUER_OPTION', message: /cannot be made: ENOENT/ })
  t.equal(server.asked.length, 0)
  mkdirSync(join(folder, 'none'))
  t.ok((await issue(question())).cert)
})

test('the option ca: a server over HTTPS whose CA is no public one', async (t) => {
  const ca = await createDevCa()
  const { chain: cert, key } = await ca.issue({ profile: 'server', ip: '127.0.0.1' })
  const seen: string[] = []
  const server = createServer({ cert, key }, (request, response) => { seen.push(String(request.headers['user-agent'])); response.writeHead(503).end() })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.after(() => { server.close() })
  const options = {
    directory: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`, names: { dns: ['a.example'] }, account: ACCOUNT, challenges: { http01: {} }
  }
  t.match(await rejection(acmeIssuer(options).issue(question()) as Promise<unknown>), { reason: 'unreachable', message: /certificate/ })
  for (const form of [ca.root, Buffer.from(ca.root)]) {
    t.match(await rejection(acmeIssuer({ ...options, ca: form }).issue(question()) as Promise<unknown>), { reason: 'unavailable', status: 503 })
  }
  t.same(seen, ['peerkit-issuers', 'peerkit-issuers'])
  server.closeAllConnections()
})

test('the option agent sends every call', async (t) => {
  const server = await AcmeServer.start(t)
  const inner = new Agent()
  t.after(async () => { await inner.destroy() })
  let calls = 0
  const agent = { dispatch: (...args: Parameters<Agent['dispatch']>) => { calls += 1; return inner.dispatch(...args) } } as Agent
  const { issue } = acmeIssuer({ directory: server.directory, names: { dns: ['a.example'] }, account: ACCOUNT, challenges: { dns01: dnsOf(server) }, agent })
  await issue(question())
  t.equal(calls, server.asked.length)
})

test('renewingCredentials: everything that it says and shows has no secret', async (t) => {
  const hmacKey = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
  const server = await AcmeServer.start(t)
  server.says = ({ step, payload }) => step === 'newAccount' ? { status: 403, body: problem('unauthorized', JSON.stringify(payload)) } : undefined
  const issuer = acmeIssuer({
    directory: server.directory,
    names: { dns: ['ledger.example'] },
    account: { ...ACCOUNT, externalAccountBinding: { kid: 'kid-1', hmacKey } },
    challenges: { dns01: dnsOf(server) }
  })
  const error = await rejection(renewingCredentials(issuer, { ca: server.root, attempts: 1 }))
  const shown = inspect({ issuer, error, cause: error.cause }, { depth: 10, showHidden: true }) + JSON.stringify([issuer, error])
  const { d = '' } = ACCOUNT.key.export({ format: 'jwk' })
  for (const secret of [hmacKey, 'secret-secret-secret', d]) t.notOk(shown.includes(secret))
  t.equal(issuer.name, `the ACME server ${new URL(server.origin).host}`)
})
