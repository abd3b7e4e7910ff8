import { createHash } from 'node:crypto'
import { test } from 'tap'
import { rejection } from '@peerkit/test-support/rejection'
import { acmeIssuer } from '@peerkit/issuers/acme'
import type { AcmeChallenges, AcmeNames, Dns01Record, Http01Answer } from '@peerkit/issuers/acme'
import { AcmeServer } from './support/acme-server.ts'
import { ACCOUNT, dnsOf, question } from './support/world.ts'

function issuerFor (server: AcmeServer, names: AcmeNames, challenges: AcmeChallenges) {
  return acmeIssuer({ directory: server.directory, names, account: ACCOUNT, challenges })
}

test('what the hooks get', async (t) => {
  const server = await AcmeServer.start(t)
  const records: Dns01Record[] = []
  const dns = dnsOf(server)
  await issuerFor(server, { dns: ['*.ledger.example'] }, {
    dns01: { async set (record, signal) { t.type(signal, AbortSignal); records.push(record); await dns.set(record, signal) }, remove: dns.remove }
  }).issue(question())
  const [account] = [...server.accounts.values()]
  const [{ token } = { token: '' }] = [...server.authorizations.values()]
  const value = createHash('sha256').update(`${token}.${account?.thumbprint}`).digest('base64url')
  t.same(records, [{ identifier: 'ledger.example', name: '_acme-challenge.ledger.example', value }])
  t.throws(() => { Object.assign(records[0] as object, { value: 'x' }) }, TypeError)

  const answers: Http01Answer[] = []
  const error = await rejection(issuerFor(server, { ip: ['2001:DB8::0:7'] }, {
    http01: { set (answer) { answers.push(answer) }, remove (answer) { answers.push(answer) } }
  }).issue(question()) as Promise<unknown>)
  t.match(error, { reason: 'challenge', message: /2001:db8::7: http-01 failed: unauthorized: found nobody/ })
  t.equal(answers.length, 2)
  t.equal(answers[0], answers[1], 'set and remove get the same')
  t.match(answers[0], { identifier: '2001:db8::7', token: /^[\w-]{43}$/, keyAuthorization: `${answers[0]?.token}.${account?.thumbprint}` })
})

test('which challenge proves which name', async (t) => {
  const server = await AcmeServer.start(t)
  const dns01 = dnsOf(server)
  const http01 = { set () { throw new Error('http-01 was chosen') }, remove () {} }
  const wildcard = issuerFor(server, { dns: ['*.ledger.example'] }, { http01 })
  t.match(await rejection(wildcard.issue(question()) as Promise<unknown>), {
    reason: 'challenge', message: /\*\.ledger\.example can be proved by dns-01; the option challenges has none that can prove it/
  })
  const address = issuerFor(server, { ip: ['192.0.2.7'] }, { dns01 })
  t.match(await rejection(address.issue(question()) as Promise<unknown>), { message: /192\.0\.2\.7 can be proved by http-01 or tls-alpn-01; the option challenges has none/ })
  await issuerFor(server, { dns: ['*.ledger.example'] }, { http01, dns01 }).issue(question())
  t.match(await rejection(issuerFor(server, { dns: ['ledger.example'] }, { http01, dns01 }).issue(question()) as Promise<unknown>), { message: /http-01 was chosen/ })
  server.says = ({ step }) => step === 'authorization' ? { body: { status: 'pending', identifier: { type: 'dns', value: 'ledger.example' }, challenges: [] } } : undefined
  t.match(await rejection(issuerFor(server, { dns: ['ledger.example'] }, { http01, dns01 }).issue(question()) as Promise<unknown>), {
    message: /ledger\.example can be proved by nothing; the option challenges has http-01 and dns-01/
  })
})

test('a hook that fails is named, and everything that was begun is taken away', async (t) => {
  const server = await AcmeServer.start(t)
  const removed: string[] = []
  let count = 0
  const { issue } = issuerFor(server, { dns: ['a.example', 'b.example', 'c.example'] }, {
    dns01: { async set () { if (++count === 2) throw new Error('the zone is locked') }, async remove ({ identifier }) { removed.push(identifier) } }
  })
  const error = await rejection(issue(question()) as Promise<unknown>)
  t.match(error, { reason: 'challenge', message: /dns-01 of b\.example could not be set up: the zone is locked/, cause: { message: 'the zone is locked' } })
  await new Promise((resolve) => setImmediate(resolve))
  t.same(removed, ['a.example', 'b.example'])
  t.equal(server.of('challenge').length, 0, 'the server was not asked to look')
})

test('names that cannot be proved are told one by one', async (t) => {
  const server = await AcmeServer.start(t)
  const { issue } = issuerFor(server, { dns: ['a.example', 'b.example'] }, { dns01: { set () {}, remove () {} } })
  t.match(await rejection(issue(question()) as Promise<unknown>), {
    reason: 'challenge', message: /a\.example: dns-01 failed: unauthorized: found 0 records; b\.example: dns-01 failed/
  })
})

test('a hook that hangs makes nobody wait, and is cleaned up when it ends', async (t) => {
  const server = await AcmeServer.start(t)
  const controller = new AbortController()
  const setting = Promise.withResolvers<void>()
  const isRemoved = Promise.withResolvers<void>()
  let removals = 0
  const { issue } = issuerFor(server, { dns: ['a.example'] }, {
    dns01: {
      set: async () => { controller.abort(new Error('closed')); await setting.promise },
      remove () { removals += 1; isRemoved.resolve() }
    }
  })
  t.match(await rejection(issue(question({ signal: controller.signal })) as Promise<unknown>), { message: 'closed' })
  t.equal(removals, 0, 'not before it was set')
  setting.resolve()
  await isRemoved.promise
  t.equal(removals, 1)
})

test('what cannot be taken away is a warning, and no lost certificate', async (t) => {
  const server = await AcmeServer.start(t)
  const dns = dnsOf(server)
  const warned = new Promise<Error & { code?: string }>((resolve) => { process.once('warning', resolve) })
  const { issue } = issuerFor(server, { dns: ['a.example'] }, { dns01: { set: dns.set, remove () { throw new Error('the zone is locked') } } })
  t.ok((await issue(question())).cert)
  t.match(await warned, { code: 'PEERKIT_CHALLENGE_LEFT', message: /ACME: dns-01 of a\.example could not be taken away: the zone is locked/ })
})

test('a removal that hangs costs no certificate', async (t) => {
  const server = await AcmeServer.start(t)
  const dns = dnsOf(server)
  const { issue } = issuerFor(server, { dns: ['a.example'] }, { dns01: { set: dns.set, remove: async () => { await new Promise(() => {}) } } })
  t.ok((await issue(question())).cert)
})
